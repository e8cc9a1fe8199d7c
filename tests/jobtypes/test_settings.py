from functools import partial

import pytest

from flamenco.jobtypes.settings import SettingsError, validate_settings
from flamenco.model.jobtypes import EvalInfo, JobType, Setting, setting_values

JOB_TYPE = JobType(
    label="x",
    settings=[
        Setting("frames", "string", required=True),
        Setting("quality", "string", choices=["low", "high"], default="low"),
        Setting("samples", "int32", propargs={"min": 1, "max": 4096}, default=16),
        Setting("tiles", "int32", propargs={"min": 1}),
        Setting("threshold", "float", propargs={"max": 1.0}),
        Setting("denoise", "bool"),
        Setting("note", "string"),
    ],
)


def test_defaults_take_the_place_of_what_is_missing():
    assert validate_settings(JOB_TYPE, {"frames": "1", "samples": None}) == {
        "frames": "1",
        "quality": "low",
        "samples": 16,
        "note": "",
    }


def test_what_only_blender_knows_may_be_missing_or_empty():
    unseen = [
        Setting("fps", "float", required=True, visible="hidden", propargs={"min": 1}),
        Setting("scene", "string", required=True, visible="web", eval="C.scene.name"),
        Setting("previews", "bool", required=True, visible="hidden"),
        Setting("samples", "int32", required=True, visible="hidden", default=8),
    ]
    job_type = JobType(label="x", settings=unseen)
    empty = {"fps": 0, "scene": "", "previews": False, "samples": 8}
    assert validate_settings(job_type, {}) == empty
    assert validate_settings(job_type, {"scene": ""}) == empty


@pytest.mark.parametrize("visible", ["visible", "submission", "web"])
def test_what_somebody_is_asked_for_may_not_be_missing(visible):
    asked = JobType(label="x", settings=[Setting("a", "string", required=True, visible=visible)])
    with pytest.raises(SettingsError, match="expected a text, got nothing"):
        validate_settings(asked, {})


def test_a_whole_number_may_be_written_with_a_point():
    settings = validate_settings(JOB_TYPE, {"frames": "1", "samples": 2.0, "tiles": 3.0})
    assert (settings["samples"], settings["tiles"]) == (2, 3)
    assert isinstance(settings["samples"], int)


def test_what_was_given_stays_known_or_not():
    given = {
        "frames": "1",
        "samples": 1,
        "quality": "high",
        "threshold": 1,
        "other": [1],
        "note": "x",
    }
    assert validate_settings(JOB_TYPE, given) == given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"frames": None}, "settings.frames: expected a text, got nothing"),
        ({"frames": ""}, "settings.frames: expected a text, got nothing"),
        ({"frames": 3}, "settings.frames: expected a text, got 3"),
        ({"quality": "mid"}, "settings.quality: expected one of 'low', 'high', got 'mid'"),
        ({"samples": 0}, "settings.samples: expected a whole number from 1 to 4096, got 0"),
        ({"samples": 5000}, "settings.samples: expected a whole number from 1 to 4096, got 5000"),
        ({"samples": 1.5}, "settings.samples: expected a whole number from 1 to 4096, got 1.5"),
        ({"samples": True}, "settings.samples: expected a whole number from 1 to 4096, got True"),
        ({"tiles": 2**31}, "settings.tiles: expected a whole number from 1, got 2147483648"),
        ({"threshold": 1.5}, "settings.threshold: expected a number up to 1.0, got 1.5"),
        ({"threshold": float("nan")}, "settings.threshold: expected a number up to 1.0, got nan"),
        ({"denoise": 1}, "settings.denoise: expected true or false, got 1"),
    ],
)
def test_an_error_has_the_path_what_was_expected_and_what_came(given, message):
    with pytest.raises(SettingsError) as caught:
        validate_settings(JOB_TYPE, {"frames": "1"} | given)
    assert str(caught.value) == message


def test_all_that_does_not_fit_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        validate_settings(JOB_TYPE, {"samples": 0, "denoise": "yes"})
    assert [each.path for each in caught.value.problems] == [
        "settings.frames",
        "settings.samples",
        "settings.denoise",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Setting("a", "number"), "type: expected one of 'string', 'int32'"),
        (
            lambda: Setting("a", "int32", choices=["1"]),
            "setting 'a': choices: is for settings of type string, not int32",
        ),
        (
            lambda: Setting("a", "int32", subtype="dir_path"),
            "setting 'a': subtype: is for settings of type string",
        ),
        (lambda: Setting("a", "string", visible="no"), "^setting 'a': visible: expected one of"),
        (lambda: Setting(3, "string"), "^key: expected a text, got 3"),
        (lambda: EvalInfo(description=3), "^description: expected a text, got 3"),
        (
            lambda: Setting("a", "int32", propargs=[1]),
            "^setting 'a': propargs: expected arguments by name",
        ),
        *(
            (partial(Setting, "a", "int32", propargs=wrong), f"propargs: {message}")
            for wrong, message in (
                ({"min": True}, "expected numbers as min and max, got True"),
                ({"min": 0, "max": "1"}, "expected numbers as min and max, got '1'"),
                ({"min": 2.5, "max": 2}, r"min 2\.5 is more than max 2"),
            )
        ),
        (lambda: Setting("a", "string", eval_info="x"), "eval_info: expected an EvalInfo, got 'x'"),
        (lambda: JobType(label=3), "label: expected a text, got 3"),
        (lambda: JobType(label="x", settings=["a"]), "expected a Setting, got 'a'"),
        (
            lambda: JobType(label="x", settings=[Setting("a", "bool"), Setting("a", "bool")]),
            "settings must have different keys; twice: a",
        ),
    ],
)
def test_a_job_type_that_is_wrong_says_what_is(make, message):
    with pytest.raises(ValueError, match=message):
        make()


FRAMES_IN_CHUNKS = JobType(
    label="x", settings=[Setting("frames", "string"), Setting("chunk_size", "int32", default=10)]
)


@pytest.mark.parametrize(
    ("settings", "is_refused"),
    [
        ({"frames": "1-10000000"}, False),
        ({"frames": "0-10000000"}, True),
        ({"frames": "1-3,0-10000000,7"}, True),
        ({"frames": "0-10000000", "chunk_size": 11}, False),
        ({"frames": "-999999999-999999999x2", "chunk_size": 2**30}, True),
        ({"frames": "0-10000000", "chunk_size": 0}, False),
        ({"frames": "all of them, or 0-10000000"}, False),
        ({"frames": 1000 * "1," + "0-10000000"}, False),
        ({"frames": ""}, False),
        ({}, False),
    ],
)
def test_more_frames_than_can_be_cut_are_refused_without_running_a_script(settings, is_refused):
    if not is_refused:
        assert validate_settings(FRAMES_IN_CHUNKS, settings)
        return
    with pytest.raises(SettingsError, match="frames: expected at most 1000000 chunks"):
        validate_settings(FRAMES_IN_CHUNKS, settings)


@pytest.mark.parametrize("others", [[], [Setting("chunk_size", "string", default="1")]])
def test_frames_that_are_not_cut_into_chunks_may_be_anything(others):
    job_type = JobType(label="x", settings=[Setting("frames", "string"), *others])
    assert validate_settings(job_type, {"frames": "0-10000000"})


@pytest.mark.parametrize(
    "bounds", [{}, {"min": 2}, {"max": 2}, {"min": 2, "max": 2}, {"step": "x"}]
)
def test_bounds_may_be_alone_equal_or_missing(bounds):
    assert Setting("a", "int32", propargs=bounds).propargs == bounds


@pytest.mark.parametrize("told", [{}, {"visible": "web"}, {"editable": False}, {"required": True}])
def test_of_a_setting_only_what_is_not_usual_is_sent(told):
    usual = {"visible": "visible", "editable": True, "required": False}
    sent = setting_values(Setting("a", "string", **usual | told))
    assert sent == {"key": "a", "type": "string"} | told
