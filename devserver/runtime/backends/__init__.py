"""Where a function keeps things: cache, storage, database and assets, as `context` offers them.

The promises are in `protocols`; what keeps them under `fn dev` is in the other modules. None of them knows HTTP,
events or the session that runs them.
"""

from devserver.runtime.backends.assets import AssetError, Assets, MissingAsset
from devserver.runtime.backends.cache import MemoryCache, RemoteCache
from devserver.runtime.backends.database import DatabaseError, database_path, ensure_database
from devserver.runtime.backends.protocols import Cache, CacheError, NotStored, Storage, StorageError
from devserver.runtime.backends.storage import FileStorage

__all__ = [
    "AssetError",
    "Assets",
    "Cache",
    "CacheError",
    "DatabaseError",
    "FileStorage",
    "MemoryCache",
    "MissingAsset",
    "NotStored",
    "RemoteCache",
    "Storage",
    "StorageError",
    "database_path",
    "ensure_database",
]
