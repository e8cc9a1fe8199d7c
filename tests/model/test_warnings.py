from flamenco.model.warnings import unoffered


def test_each_type_that_no_worker_offers_is_told_once():
    offers = {"blender", "misc", "ffmpeg"}
    told = unoffered(["misc", "x", "ffmpeg", "y", "x", "approval"], offers)
    assert told == (
        "no worker offers tasks of type 'x': they wait until one does",
        "no worker offers tasks of type 'y': they wait until one does",
    )


def test_an_empty_farm_offers_nothing():
    assert len(unoffered(["misc"], set())) == 1
