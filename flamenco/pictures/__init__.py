"""Pictures of rendered frames: made of files of any format, and kept below the local storage."""
