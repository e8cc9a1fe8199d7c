"""The add-on in a real Blender: how fast it sends, and how long Blender waits for it."""
