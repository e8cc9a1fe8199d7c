"""Child processes that never outlive the block, nor the process, that started them."""

from flamenco.launcher._child import Child, open_child

__all__ = ["Child", "open_child"]
