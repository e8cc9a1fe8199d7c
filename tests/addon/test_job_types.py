"""Job types become properties and jobs, as the reference says."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from addon.flamenco import evaluation
from addon.flamenco.choices import number
from addon.flamenco.errors import NotReady, SettingError
from addon.flamenco.job import JobDraft
from addon.flamenco.job_types import Setting, class_name, parse_job_type, property_spec, warnings
from tests.addon.job_type import SIMPLE_BLENDER_RENDER


def job_type(*settings: dict[str, Any]) -> Any:
    return parse_job_type({"name": "t", "label": "T", "etag": "e", "settings": list(settings)})


def names(**values: Any) -> dict[str, Any]:
    return evaluation.namespace(
        context=None,
        settings=SimpleNamespace(**values),
        job_name="Shot",
        blendfile=Path("/film/seq/shot.blend"),
        abspath=lambda path: path.replace("//", "/film/seq/"),
    )


class TestAProperty:
    @pytest.mark.parametrize(
        ("setting", "function", "expected"),
        [
            (Setting("a", "string"), "StringProperty", {}),
            (Setting("a", "bool", default=1), "BoolProperty", {"default": True}),
            (Setting("a", "int32", default=3.0), "IntProperty", {"default": 3}),
            (
                Setting("a", "int32", propargs={"min": 1.0, "max": "9", "step": 2}),
                "IntProperty",
                {"min": 1, "max": 9, "step": 2},
            ),
            (Setting("a", "float", propargs={"min": 1}), "FloatProperty", {"min": 1.0}),
            (Setting("a", "string", subtype="dir_path"), "StringProperty", {"subtype": "DIR_PATH"}),
            (
                Setting("a", "string", subtype="hashed_file_path"),
                "StringProperty",
                {"subtype": "FILE_PATH"},
            ),
            (
                Setting("a", "string", choices=("x", "y"), default="y"),
                "EnumProperty",
                {
                    "items": [("x", "x", "", number("x")), ("y", "y", "", number("y"))],
                    "default": "y",
                },
            ),
            (Setting("a", "int32", choices=("1",)), "IntProperty", {}),
        ],
    )
    def test_has_the_kind_and_limits_of_its_setting(
        self, setting: Setting, function: str, expected: dict[str, Any]
    ) -> None:
        spec = property_spec(setting)
        common = {"name": "A", "description": "", "options": {"HIDDEN"}}
        assert spec.function == function
        assert spec.arguments == {**common, **expected}

    def test_is_named_by_its_label_else_by_its_key(self) -> None:
        assert Setting("chunk_size", "int32").title == "Chunk Size"
        assert Setting("chunk_size", "int32", label="Frames per task").title == "Frames per task"

    def test_that_cannot_have_choices_is_warned_about(self) -> None:
        kind = job_type({"key": "a", "type": "int32", "choices": ["1"]})
        assert len(warnings(kind)) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("simple-blender-render", "SimpleBlenderRender"),
        ("echo sleep_test", "EchoSleepTest"),
        ("3d-print", "Job3dPrint"),
        ("čćž", "Job"),
        ("x" * 99, "X" + "x" * 62),
    ],
)
def test_a_group_is_named_for_its_job_type(name: str, expected: str) -> None:
    assert class_name(name) == expected


def test_a_setting_of_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown type 'vector'"):
        job_type({"key": "a", "type": "vector"})


def test_a_broken_job_type_is_told_from_others() -> None:
    data = {"name": "t", "label": "T", "etag": "", "settings": [], "error": "t.js, line 1:2: no"}
    assert parse_job_type(data).title == "T (broken)"
    assert parse_job_type(data).error == "t.js, line 1:2: no"
    assert parse_job_type({**data, "error": ""}).title == "T"


def test_a_setting_is_visible_and_editable_unless_it_says_otherwise() -> None:
    kind = parse_job_type(SIMPLE_BLENDER_RENDER)
    shown = [setting.key for setting in kind.settings if setting.shown]
    assert shown == [
        "frames",
        "chunk_size",
        "render_output_root",
        "add_path_components",
        "render_output_path",
    ]
    assert [setting.key for setting in kind.settings if not setting.editable] == [
        "render_output_path"
    ]


class TestAnExpression:
    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("jobname", "Shot"),
            ("abspath('//out')", "/film/seq/out"),
            ("Path(abspath('//out'), last_n_dir_parts(1), '######')", "/film/seq/out/seq/######"),
            ("last_n_dir_parts(0)", "."),
            ("last_n_dir_parts(1, '/a/b/c.blend')", "b"),
            ("settings.level", "4"),
            ("'-'.join(jobname for _ in range(2))", "Shot-Shot"),
        ],
    )
    def test_knows_the_names_of_the_reference(self, expression: str, value: str) -> None:
        setting = Setting("a", "string", eval=expression)
        assert evaluation.evaluate(setting, names(level=4)) == value

    @pytest.mark.parametrize("expression", ["1 / 0", "C.scene.name", "'x' +", "int('x')"])
    def test_that_fails_names_setting_and_cause(self, expression: str) -> None:
        with pytest.raises(SettingError, match='Job setting "a"'):
            evaluation.evaluate(Setting("a", "string", eval=expression), names())

    def test_must_give_the_type_of_its_setting(self) -> None:
        with pytest.raises(SettingError, match="ValueError"):
            evaluation.evaluate(Setting("a", "int32", eval="'many'"), names())


class TestAtSubmission:
    def submitted(self, setting: dict[str, Any], **values: Any) -> Any:
        kind = job_type({"key": "a", **setting})
        held = names(**values)
        return evaluation.values_for_submission(kind, held["settings"], held)["a"]

    def test_a_hidden_setting_is_evaluated_else_has_its_default_else_stays(self) -> None:
        hidden = {"type": "int32", "visible": "hidden", "default": 5}
        assert self.submitted({**hidden, "eval": "1 + 1"}, a=9) == 2
        assert self.submitted(hidden, a=9) == 5
        assert self.submitted({"type": "int32", "visible": "web"}, a=9) == 9

    def test_a_shown_setting_has_what_the_user_typed(self) -> None:
        assert self.submitted({"type": "int32", "eval": "1 + 1"}, a=9) == 9
        shown = {"type": "int32", "visible": "submission", "default": 5}
        assert self.submitted(shown, a=9) == 9

    def test_a_linked_setting_is_evaluated_until_it_is_unlinked(self) -> None:
        linked = {"type": "int32", "eval": "1 + 1", "evalInfo": {"showLinkButton": True}}
        assert self.submitted(linked, a=9, autoeval_a=True) == 2
        assert self.submitted(linked, a=9, autoeval_a=False) == 9

    def test_a_required_text_may_not_be_empty_but_a_hidden_one_may(self) -> None:
        required = {"type": "string", "required": True}
        with pytest.raises(NotReady, match='"A" is required'):
            self.submitted(required, a="")
        assert self.submitted({**required, "visible": "web"}, a="") == ""


def test_only_a_text_setting_called_blendfile_gets_the_path() -> None:
    def settings(*described: dict[str, Any]) -> Any:
        draft = JobDraft(
            "n", job_type(*described), 50, {}, paused=False, worker_tag="-", platform="windows"
        )
        return draft.submitted("F:/farm/a.blend")["settings"]

    assert settings({"key": "blendfile", "type": "string"}) == {"blendfile": "F:/farm/a.blend"}
    assert settings({"key": "blendfile", "type": "bool"}) == {}
    assert settings() == {}
