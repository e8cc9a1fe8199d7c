"""A hand for the add-on's panel in Blender's window, that finds its controls and uses them.

`HAND` goes before a story of `tests.addon.test_window`. Its events are simulated by Blender, of
which it also asks what lies under the mouse: properties by their path, buttons by their operator.
"""

HAND = """
ROW = 23

def event(kind, value, x, y, char=""):
    typed = {"unicode": char} if char else {}
    wm.windows[0].event_simulate(type=kind, value=value, x=int(x), y=int(y), **typed)

def point(x, y):
    for _ in range(2):
        event("MOUSEMOVE", "NOTHING", x, y)
        yield

def press(kind, x, y, char=""):
    event(kind, "PRESS", x, y, char)
    yield
    event(kind, "RELEASE", x, y)
    yield

def click(x, y):
    yield from point(x, y)
    yield from press("LEFTMOUSE", x, y)

def enter(text, x, y, begin="RET"):
    yield from point(x, y)
    yield from press(begin, x, y)
    for char in text:
        yield from press("A" if char.isalpha() else "ONE", x, y, char)
    yield from press("RET", x, y)

def choose_second_with_keys(x, y):
    yield from click(x, y)
    for key in ("DOWN_ARROW", "DOWN_ARROW", "RET"):
        yield from press(key, x, y)

def choose_second_with_mouse(x, y):
    yield from click(x, y)
    yield from click(x, y - 2 * ROW)

def editor():
    area = next(area for area in wm.windows[0].screen.areas if area.type == "PROPERTIES")
    return area, next(region for region in area.regions if region.type == "WINDOW")

def under_the_mouse():
    area, region = editor()
    wm.clipboard = ""
    with bpy.context.temp_override(window=wm.windows[0], area=area, region=region):
        for ask in (bpy.ops.ui.copy_data_path_button, bpy.ops.ui.copy_python_command_button):
            if ask.poll():
                ask()
                return wm.clipboard.split("(")[0]
    return ""

def other_panels():
    for name in dir(bpy.types):
        kind = getattr(bpy.types, name)
        if getattr(kind, "bl_context", "") == "output" and "FLAMENCO" not in name:
            yield kind

def controls(*columns):
    area, region = editor()
    found = {}
    for x in (region.x + part * region.width for part in columns or (0.6, 0.845)):
        for y in range(region.y + region.height - 4, region.y, -18):
            yield from point(x, y)
            name = under_the_mouse()
            if name:
                found.setdefault(name, (x, y))
    return found

def find(name, *columns):
    # Stops at the first, so it is quick for what is near the top.
    area, region = editor()
    for y in range(region.y + region.height - 4, region.y, -18):
        for part in columns:
            x = region.x + part * region.width
            yield from point(x, y)
            if under_the_mouse() == name:
                return x, y
    raise LookupError(name)

def alone(story):
    # Our panel without others, so that nothing of it lies below the window's end.
    others = sorted(other_panels(), key=lambda kind: hasattr(kind, "bl_parent_id"))
    for kind in reversed(others):
        bpy.utils.unregister_class(kind)
    yield
    try:
        yield from story()
    finally:
        for kind in others:
            bpy.utils.register_class(kind)
"""
