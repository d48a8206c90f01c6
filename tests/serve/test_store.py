"""The champion is followed without a restart, and a broken release never takes the running one down."""

import json
import threading

import pytest

from serve import store as stores
from serve.store import Store


def median(client):
    return client.get("/v1/gaps", params={"occupation": "A"}).json()["items"][0]["score"]["p50"]


def test_a_promotion_is_followed(store, client_of):
    first, second = store.build(), store.build(shift=0.1)
    store.promote(first)
    client = client_of(store)
    assert (median(client), client.get("/readyz").headers["x-release"]) == (pytest.approx(0.21), first)
    store.promote(second, version="4")
    assert median(client) == pytest.approx(0.31)
    ready = client.get("/readyz")
    assert (ready.headers["x-release"], ready.headers["x-model-version"]) == (second, "4")
    store.promote(first, version="3")
    assert median(client) == pytest.approx(0.21)


def test_a_first_promotion_is_followed(store, client_of):
    client = client_of(store)
    assert client.get("/readyz").status_code == 503
    store.promote(store.build())
    assert client.get("/readyz").status_code == 200


def break_table(store):
    release = store.build(shift=0.2)
    path = store.root / "releases" / release / "tables" / "gaps.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    store.promote(release)
    return release, "gaps.parquet"


def break_manifest(store):
    release = store.build(shift=0.2)
    path = store.root / "releases" / release / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 7', b'"seed": 8'))
    store.promote(release)
    return release, "hash"


def break_status(store):
    release = store.build(status={})
    store.promote(release)
    return release, "ValidationError"


def break_region(store):
    release = store.build(region={"base_year": 2025})
    store.promote(release)
    return release, "KeyError"


def break_horizons(store):
    release = store.build(horizons=[])
    store.promote(release)
    return release, "no horizon"


def point_nowhere(store):
    store.promote("0" * 12)
    return None, "a folder of that name"


def point_outside(store):
    store.promote("../../etc")
    return None, "hexadecimal"


def point_with_nonsense(store):
    store.point("{nonsense")
    return None, "champion.json"


def point_without_release(store):
    store.point(json.dumps({"version": "9"}))
    return None, "KeyError"


def point_with_a_list(store):
    store.point("[]")
    return None, "TypeError"


def remove_pointer(store):
    (store.root / "champion.json").unlink()
    return None, "champion.json"


BREAKAGES = [
    break_table,
    break_manifest,
    break_status,
    break_region,
    break_horizons,
    point_nowhere,
    point_outside,
    point_with_nonsense,
    point_without_release,
    point_with_a_list,
    remove_pointer,
]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_new_release_leaves_the_old_one_serving(store, client_of, breakage, caplog):
    good = store.build()
    store.promote(good)
    client = client_of(store)
    before = median(client)
    broken, told = breakage(store)
    assert median(client) == before
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["release"]["release"] == good
    assert ready.json()["refused"]["release"] == broken
    assert told in ready.json()["refused"]["why"]
    assert str(store.root) not in ready.text
    assert "refused the release" in caplog.text
    store.promote(store.build(shift=0.1))
    assert median(client) == pytest.approx(before + 0.1)
    assert client.get("/readyz").json()["refused"] is None


def test_a_release_is_loaded_once(store, client_of, monkeypatch):
    loads = []
    load = stores.load_release
    monkeypatch.setattr(stores, "load_release", lambda *given: loads.append(1) or load(*given))
    release = store.build()
    store.promote(release)
    client = client_of(store)
    for _ in range(3):
        client.get("/v1/gaps")
    store.promote(release)
    client.get("/v1/gaps")
    assert len(loads) == 1


def test_a_refused_release_is_tried_again_in_time_not_at_once(store, monkeypatch):
    release = store.build()
    hidden = store.root / "releases" / "hidden"
    (store.root / "releases" / release).rename(hidden)
    store.promote(release)
    now = 1000.0
    monkeypatch.setattr(stores.time, "monotonic", lambda: now)
    served = Store(store.root)
    assert served.current().release is None
    hidden.rename(store.root / "releases" / release)
    assert served.current().release is None
    now += stores.RETRY_SECONDS
    assert served.current().release is not None
    assert served.current().refused is None


def test_while_one_thread_loads_the_others_are_answered_by_the_old_release(store, monkeypatch):
    first, second = store.build(), store.build(shift=0.1)
    store.promote(first)
    served = Store(store.root)
    served.current()
    started, finish = threading.Event(), threading.Event()
    load = stores.load_release

    def slow(*given):
        started.set()
        assert finish.wait(10)
        return load(*given)

    monkeypatch.setattr(stores, "load_release", slow)
    store.promote(second)
    loader = threading.Thread(target=served.current)
    loader.start()
    assert started.wait(10)
    assert served.current().release.champion.release == first
    finish.set()
    loader.join()
    assert served.current().release.champion.release == second


def test_threads_that_find_nothing_loaded_wait_for_the_one_that_loads(store):
    store.promote(store.build())
    served, seen = Store(store.root), []
    threads = [threading.Thread(target=lambda: seen.append(served.current().release)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(map(id, seen))) == 1
    assert seen[0] is not None
