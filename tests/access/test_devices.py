"""A device is let in once, by whom it showed its code to, while that holds."""

import pytest
import trio

from flamenco.access.devices import (
    INTERVAL,
    LIFE,
    MOST_WAITING,
    SLOWER,
    DeviceError,
    Devices,
    NoSuchCode,
    NotLetIn,
    TooManyDevices,
)
from flamenco.model.access import Scope

HERE = "192.0.2.7"


def begun(devices: Devices):
    return devices.begin("Blender", HERE, (Scope.SUBMIT,))


def refusal(devices: Devices, secret: str) -> DeviceError:
    with pytest.raises(NotLetIn) as told:
        devices.take(secret)
    return told.value.reason


async def test_a_device_gets_in_once_when_its_code_was_confirmed(autojump_clock):
    devices = Devices()
    secret, device = begun(devices)
    assert refusal(devices, secret) is DeviceError.PENDING
    typed = device.code.lower().replace("-", " ")
    devices.answer(devices.showing(typed), "ann")
    await trio.sleep(INTERVAL)
    assert devices.take(secret) == (device, "ann")
    assert refusal(devices, secret) is DeviceError.EXPIRED


async def test_an_answer_is_given_once(autojump_clock):
    devices = Devices()
    secret, device = begun(devices)
    devices.answer(devices.showing(device.code), None)
    with pytest.raises(NoSuchCode):
        devices.showing(device.code)
    assert refusal(devices, secret) is DeviceError.DENIED
    assert refusal(devices, secret) is DeviceError.EXPIRED


async def test_a_device_that_asks_too_often_has_to_ask_less_often(autojump_clock):
    devices = Devices()
    secret, device = begun(devices)
    devices.answer(device, "ann")
    device.asked = trio.current_time()
    assert refusal(devices, secret) is DeviceError.SLOW_DOWN
    await trio.sleep(INTERVAL)
    assert refusal(devices, secret) is DeviceError.SLOW_DOWN
    await trio.sleep(INTERVAL + 2 * SLOWER)
    assert devices.take(secret)[1] == "ann"


async def test_a_code_is_over_after_a_while_confirmed_or_not(autojump_clock):
    devices = Devices()
    (first, shown), (second, _) = begun(devices), begun(devices)
    devices.answer(shown, "ann")
    await trio.sleep(LIFE)
    assert refusal(devices, first) is DeviceError.EXPIRED
    assert refusal(devices, second) is DeviceError.EXPIRED


async def test_the_device_code_is_no_code_to_type_nor_the_other_way_round(autojump_clock):
    devices = Devices()
    secret, device = begun(devices)
    with pytest.raises(NoSuchCode):
        devices.showing(secret)
    assert refusal(devices, device.code) is DeviceError.EXPIRED


async def test_only_so_many_wait_and_those_that_came_first_stay(autojump_clock):
    devices = Devices()
    codes = {begun(devices)[1].code for _ in range(MOST_WAITING)}
    assert len(codes) == MOST_WAITING
    with pytest.raises(TooManyDevices):
        begun(devices)
    await trio.sleep(LIFE)
    begun(devices)
