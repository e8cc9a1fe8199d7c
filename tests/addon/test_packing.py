"""Files that are copied to the shared storage, and the remains of an error there."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from addon.flamenco import packing, remembered
from addon.flamenco.errors import Aborted, PackFailed
from addon.flamenco.packing import Transfer, copy_pack
from addon.flamenco.plan import PackPlan, plan_pack
from addon.flamenco.remembered import Remembered
from addon.flamenco.used_files import (
    BAKE,
    CACHE,
    DIRECTORY,
    FLUID,
    LIBRARY,
    OCEAN,
    SEQUENCE,
    Dependency,
)

NOTHING = Remembered(Path("/nowhere/known.json"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project with a blend file."""
    (tmp_path / "home" / "shots").mkdir(parents=True)
    (tmp_path / "home" / "shots" / "a.blend").write_bytes(b"BLENDER")
    return tmp_path / "home"


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    return tmp_path / "storage"


def plan(home: Path, *dependencies: Dependency) -> PackPlan:
    return plan_pack(home / "shots" / "a.blend", home, home.parent / "storage", dependencies)


def write(path: Path, data: bytes = b"data") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


class TestThePlan:
    def test_has_the_blend_file_first_and_each_file_once(self, home: Path) -> None:
        texture = write(home / "tex" / "a.png")
        twice = [Dependency(texture, relative=True)] * 2
        made = plan(home, *twice)
        assert made.files == (home / "shots" / "a.blend", texture)
        assert made.place == Path("shots", "a.blend")

    def test_grows_to_hold_relative_paths_that_leave_the_project(self, home: Path) -> None:
        outside = write(home.parent / "library" / "a.png")
        made = plan(home, Dependency(outside, relative=True))
        assert made.root == home.parent
        assert made.place == Path("home", "shots", "a.blend")

    def test_leaves_absolute_paths_into_the_storage_and_tells_what_cannot_be_rewritten(
        self, home: Path, storage: Path
    ) -> None:
        near, far = write(storage / "a.png"), write(home / "a.png")
        blendfile = home / "shots" / "a.blend"
        made = plan(
            home,
            Dependency(near, relative=False, owner=blendfile),
            Dependency(far, relative=False, owner=None),
        )
        assert made.files == (blendfile,)
        assert made.elsewhere == (far,)
        assert made.rewritten == ()

    def test_takes_what_is_only_known_by_its_whole_path_into_a_folder_of_its_own(
        self, home: Path
    ) -> None:
        blendfile, near = home / "shots" / "a.blend", write(home / "tex" / "a.png")
        far = write(home.parent / "far" / "s_1.png")
        made = plan(
            home,
            Dependency(near, relative=False, owner=blendfile),
            Dependency(far, relative=False, kind=SEQUENCE, owner=blendfile),
        )
        outside = Path("_outside", *far.parts[1:])
        assert made.root == home
        assert made.rewritten == (blendfile,)
        assert made.targets == {near: Path("tex", "a.png"), far: outside}
        assert [made.place_of(file) for file in made.files[1:]] == [Path("tex", "a.png"), outside]

    def test_follows_libraries_unless_they_stay_in_the_storage(
        self, home: Path, storage: Path
    ) -> None:
        shot = home / "shots" / "a.blend"
        far, deep = write(home.parent / "far" / "l.blend"), write(home.parent / "deep" / "d.blend")
        stays, beside = write(storage / "s.blend"), write(storage / "s.png")
        back = write(home / "back.png")
        made = plan(
            home,
            Dependency(deep, relative=True, kind=LIBRARY, owner=far),
            Dependency(far, relative=False, kind=LIBRARY, owner=shot),
            Dependency(back, relative=True, owner=deep),
            Dependency(stays, relative=False, kind=LIBRARY, owner=shot),
            Dependency(beside, relative=True, owner=stays),
        )
        assert set(made.files) == {shot, far, deep, back}
        assert set(made.rewritten) == {shot, far, deep}
        assert made.targets[back] == Path("back.png")
        assert made.elsewhere == ()

    def test_tells_missing_files_but_not_caches_never_baked(self, home: Path) -> None:
        gone = home / "gone.png"
        made = plan(
            home,
            Dependency(gone, relative=True),
            Dependency(home / "cache_fluid", relative=True, kind=DIRECTORY),
            Dependency(home / "t.<UDIM>.png", relative=True),
            Dependency(home / "nowhere" / "s1.png", relative=True, kind=SEQUENCE),
        )
        assert made.missing == (gone, home / "t.<UDIM>.png", home / "nowhere" / "s1.png")

    def test_of_a_folder_with_a_point_cache_takes_the_cache_alone(self, home: Path) -> None:
        cache = write(home / "cloth_000001_00.bphys")
        write(home / "render.png")
        folders = (home, home / "shots")
        made = plan(home, *(Dependency(one, relative=True, kind=CACHE) for one in folders))
        assert made.files[1:] == (cache,)
        assert made.missing == (home / "shots",)

    @pytest.mark.parametrize(
        ("kind", "files"),
        [
            (FLUID, ["config/config_0001.uni", "data/fluid_data_0001.vdb", "mesh/m.bobj.gz"]),
            (OCEAN, ["disp_0001.exr", "foam_0001.exr"]),
            (BAKE, ["12/blobs/1.blob", "12/meta/1.json", "blobs/1.blob", "meta/1.json"]),
        ],
    )
    def test_of_the_project_folder_with_a_cache_takes_the_cache_alone(
        self, home: Path, kind: str, files: list[str]
    ) -> None:
        cache = {write(home / "shots" / name) for name in files}
        write(home / "shots" / "render" / "0001.png")
        write(home / "shots" / "disp.psd")
        made = plan(home, Dependency(home / "shots", relative=True, kind=kind))
        assert set(made.files[1:]) == cache
        assert made.missing == ()

    def test_takes_nothing_of_a_folder_where_a_file_should_be(self, home: Path) -> None:
        write(home / "tex" / "render.png")
        made = plan(home, Dependency(home / "tex", relative=True))
        assert made.files == (home / "shots" / "a.blend",)
        assert made.missing == (home / "tex",)

    def test_takes_the_named_files_of_a_folder(self, home: Path) -> None:
        for name in "abc":
            write(home / "in" / f"{name}.png")
        made = plan(home, Dependency(home / "in", relative=True, names=("a.png", "c.png")))
        assert made.files[1:] == (home / "in" / "a.png", home / "in" / "c.png")

    @pytest.mark.parametrize(
        ("name", "kind", "taken", "left"),
        [
            ("s_01.v2.png", "FILE", ["s_01.v2.png"], ["s_02.v2.png"]),
            ("s_0001.png", SEQUENCE, ["s_0001.png", "s_0002.png"], ["s_0001.jpg", "x_0001.png"]),
            ("s.png", SEQUENCE, ["s.png"], ["s1.png"]),
            ("t.<UDIM>.png", "FILE", ["t.1001.png", "t.1011.png"], ["t.101.png", "t.a.png"]),
            ("t.<UVTILE>.png", "FILE", ["t.u12_v1.png", "t.u1_v1.png"], ["t.1001.png"]),
            ("t (+).<UDIM>.png", "FILE", ["t (+).1001.png"], ["t (+.1001.png"]),
            ("cache", DIRECTORY, ["cache/a.bphys", "cache/sub/b.bphys"], ["other"]),
        ],
    )
    def test_takes_all_files_that_one_path_stands_for(
        self, home: Path, name: str, kind: str, taken: list[str], left: list[str]
    ) -> None:
        for one in taken + left:
            write(home / "in" / one)
        made = plan(home, Dependency(home / "in" / name, relative=True, kind=kind))
        assert sorted(made.files[1:]) == [home / "in" / one for one in taken]
        assert made.missing == ()

    @pytest.mark.parametrize("text", ["../../../{far}", "C:\\..\\..\\..\\a.png"])
    def test_never_leaves_the_pack(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.chdir(home)
        far = Path(text.format(far=write(home.parent / "a.png").name))
        write(far)
        blendfile = home / "shots" / "a.blend"
        with pytest.raises(PackFailed, match=r'has "\.\." in it'):
            plan(home, Dependency(far, relative=False, owner=blendfile))


class TestTheCopy:
    def test_has_the_rewritten_copies_in_place_of_their_files(
        self, home: Path, storage: Path, tmp_path: Path
    ) -> None:
        other = write(tmp_path / "0.blend", b"other")
        copy_pack(
            plan(home), {home / "shots" / "a.blend": other}, storage / "job", NOTHING, Transfer()
        )
        assert (storage / "job" / "shots" / "a.blend").read_bytes() == b"other"

    def test_has_the_structure_of_the_project_and_reports_every_byte(
        self, home: Path, storage: Path
    ) -> None:
        texture = write(home / "tex" / "a.png", b"x" * 1000)
        transfer = Transfer()
        copy_pack(
            plan(home, Dependency(texture, relative=True)), {}, storage / "job", NOTHING, transfer
        )
        assert (storage / "job" / "shots" / "a.blend").read_bytes() == b"BLENDER"
        assert (storage / "job" / "tex" / "a.png").stat().st_size == 1000
        assert (transfer.copied, transfer.total, transfer.percent) == (1007, 1007, 100)

    def test_is_not_made_again_of_a_file_that_has_not_changed(
        self, home: Path, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(remembered, "_SETTLED_NS", -1)
        texture = write(home / "tex" / "a.png", b"x" * 1000)
        made = plan(home, Dependency(texture, relative=True))

        def copied(name: str) -> Path:
            copy_pack(made, {}, storage / name, Remembered(tmp_path / "known.json"), Transfer())
            return storage / name / "tex" / "a.png"

        monkeypatch.setattr(packing, "_is_cloned", lambda *_: False)
        first, second = copied("1"), copied("2")
        assert first.samefile(second)
        second.write_bytes(b"someone wrote to it")
        third = copied("3")
        assert third.read_bytes() == b"x" * 1000
        write(texture, b"another")
        assert copied("4").read_bytes() == b"another"
        assert not copied("5").samefile(third)
        packing.discard(storage / "4")
        packing.discard(storage / "5")
        assert copied("6").read_bytes() == b"another"

    @pytest.mark.parametrize("times", ["refused", "rounded"])
    def test_goes_on_where_the_storage_refuses_or_rounds_times(
        self, home: Path, storage: Path, monkeypatch: pytest.MonkeyPatch, times: str
    ) -> None:
        monkeypatch.setattr(remembered, "_SETTLED_NS", -1)
        monkeypatch.setattr(packing, "_is_cloned", lambda *_: False)
        utime = os.utime

        def coarse(path: Path, ns: tuple[int, int]) -> None:
            if times == "refused":
                raise PermissionError(errno.EPERM, "Operation not permitted")
            utime(path, ns=(ns[0] // 10**9 * 10**9, ns[1] // 10**9 * 10**9))

        utime(home / "shots" / "a.blend", ns=(1_500_000_000_000_000_007, 1_500_000_000_000_000_007))
        monkeypatch.setattr(packing.os, "utime", coarse)
        earlier = Remembered(home.parent / "known.json")
        for name in "12":
            copy_pack(plan(home), {}, storage / name, earlier, Transfer())
        first, second = (storage / name / "shots" / "a.blend" for name in "12")
        assert second.read_bytes() == b"BLENDER"
        assert first.samefile(second)

    @pytest.mark.parametrize("after", [1, 2])
    def test_of_known_files_ends_soon_after_an_abort(
        self, home: Path, storage: Path, monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        texture = write(home / "a.png")
        made, transfer, taken = plan(home, Dependency(texture, relative=True)), Transfer(), []

        def take(_noted: str, destination: Path, _at: object) -> bool:
            taken.append(write(destination))
            if len(taken) == after:
                transfer.abort.set()
            return True

        monkeypatch.setattr(packing, "_is_taken", take)
        monkeypatch.setattr(Remembered, "text", lambda *_: "known")
        with pytest.raises(Aborted):
            copy_pack(made, {}, storage / "job", NOTHING, transfer)
        assert len(taken) == after
        assert list(storage.iterdir()) == []

    def test_is_removed_when_the_user_aborts(self, home: Path, storage: Path) -> None:
        transfer = Transfer()
        transfer.abort.set()
        with pytest.raises(Aborted):
            copy_pack(plan(home), {}, storage / "job", NOTHING, transfer)
        assert list(storage.iterdir()) == []

    def test_is_removed_when_a_file_goes_away_meanwhile(self, home: Path, storage: Path) -> None:
        texture = write(home / "a.png")
        made = plan(home, Dependency(texture, relative=True))
        texture.unlink()
        with pytest.raises(PackFailed, match=r"a\.png cannot be read"):
            copy_pack(made, {}, storage / "job", NOTHING, Transfer())
        assert list(storage.iterdir()) == []

    def test_names_source_and_destination_when_the_disk_is_full(
        self, home: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = Path.open

        def full(path: Path, mode: str = "r") -> object:
            if mode == "xb":
                raise OSError(errno.ENOSPC, "No space left on device")
            return opened(path, mode)

        monkeypatch.setattr(Path, "open", full)
        with pytest.raises(PackFailed) as caught:
            copy_pack(plan(home), {}, storage / "job", NOTHING, Transfer())
        text = str(caught.value)
        assert f"{home}/shots/a.blend cannot be copied to {storage}/job/shots/a.blend" in text
        assert "No space left on device" in text

    def test_is_not_begun_without_room_for_it(
        self, home: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = shutil.disk_usage(storage)._replace(free=3)
        monkeypatch.setattr(packing.shutil, "disk_usage", lambda _: usage)
        monkeypatch.setattr(packing, "_bring", lambda *_: pytest.fail("it was begun"))
        with pytest.raises(PackFailed, match=r"need 0\.0 GB, and the shared storage has 0\.0 GB"):
            copy_pack(plan(home), {}, storage / "job", NOTHING, Transfer())
        assert list(storage.iterdir()) == []

    def test_never_writes_into_a_folder_that_exists(self, home: Path, storage: Path) -> None:
        precious = write(storage / "job" / "frame.png")
        with pytest.raises(PackFailed, match="cannot be created"):
            copy_pack(plan(home), {}, storage / "job", NOTHING, Transfer())
        assert precious.exists()


def test_the_number_of_a_frame_is_looked_for_in_the_stem(home: Path) -> None:
    frames = [write(home / f"s_{number}.jp2") for number in (1, 2, 10)]
    made = plan(home, Dependency(frames[0], relative=True, kind=SEQUENCE))
    assert set(made.files[1:]) == set(frames)


def test_a_file_that_changes_while_it_is_copied_is_told(
    home: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texture = write(home / "a.png", b"long" * 100)
    made = plan(home, Dependency(texture, relative=True))
    monkeypatch.setattr(packing, "_CHUNK", 100)

    class Meanwhile(Transfer):
        """Something else writes to the file whenever a piece is copied."""

        @property
        def copied(self) -> int:
            return self.__dict__.get("bytes", 0)

        @copied.setter
        def copied(self, value: int) -> None:
            self.__dict__["bytes"] = value
            if value > 200:
                texture.write_bytes(b"short")

    with pytest.raises(PackFailed, match="has changed while it was copied"):
        copy_pack(made, {}, storage / "pack", NOTHING, Meanwhile())
    assert not (storage / "pack").exists()


@pytest.mark.parametrize("text", ['{"a": 1}', '{"a": []}', '{"a": [1, 2, "x", "y"]}', "[[1, 2]]"])
def test_what_is_remembered_in_another_shape_counts_as_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text)
    known = Remembered(file)
    assert known.text(Path("a"), (1, 2)) is None
    known.save()
    assert file.read_text() == "{}"
