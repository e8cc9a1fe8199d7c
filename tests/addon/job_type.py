"""Job types as a Manager describes them."""

from typing import Any

from flamenco.model.jobtypes import JobType, setting_values


def described(job_type: JobType) -> dict[str, Any]:
    """A job type as the API has it."""
    return {
        "name": job_type.name,
        "label": job_type.label,
        "etag": job_type.etag,
        "description": job_type.description,
        "settings": [setting_values(setting) for setting in job_type.settings],
    }


SIMPLE_BLENDER_RENDER = {
    "name": "simple-blender-render",
    "label": "Simple Blender Render",
    "description": "render frames + preview video",
    "etag": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c",
    "settings": [
        {
            "key": "frames",
            "type": "string",
            "required": True,
            "eval": "f'{C.scene.frame_start}-{C.scene.frame_end}'",
            "evalInfo": {"showLinkButton": True, "description": "Scene frame range"},
            "description": "Frame range to render. Examples: '47', '1-30', '3, 5-10, 47-327'",
        },
        {
            "key": "chunk_size",
            "type": "int32",
            "default": 1,
            "description": "Number of frames to render in one task",
            "visible": "submission",
        },
        {
            "key": "render_output_root",
            "type": "string",
            "subtype": "dir_path",
            "required": True,
            "visible": "submission",
            "description": "Base directory of where render output is stored",
        },
        {
            "key": "add_path_components",
            "type": "int32",
            "required": True,
            "default": 0,
            "propargs": {"min": 0, "max": 32},
            "visible": "submission",
            "description": "Number of path components of the current blend file to use",
        },
        {
            "key": "render_output_path",
            "type": "string",
            "subtype": "file_path",
            "editable": False,
            "eval": "str(Path(abspath(settings.render_output_root), "
            "last_n_dir_parts(settings.add_path_components), "
            "'{jobname}', '{timestamp}', '######'))",
            "description": "Final file path of where render output will be saved",
        },
        {"key": "blendfile", "type": "string", "required": True, "visible": "web"},
        {
            "key": "fps",
            "type": "float",
            "eval": "C.scene.render.fps / C.scene.render.fps_base",
            "visible": "hidden",
        },
        {
            "key": "format",
            "type": "string",
            "required": True,
            "eval": "C.scene.render.image_settings.file_format",
            "visible": "web",
        },
        {
            "key": "image_file_extension",
            "type": "string",
            "required": True,
            "eval": "C.scene.render.file_extension",
            "visible": "hidden",
        },
        {
            "key": "has_previews",
            "type": "bool",
            "required": False,
            "eval": "C.scene.render.image_settings.use_preview",
            "visible": "hidden",
        },
        {
            "key": "scene",
            "type": "string",
            "required": True,
            "eval": "C.scene.name",
            "visible": "web",
        },
    ],
}
"""As reference job types §4 has it."""
