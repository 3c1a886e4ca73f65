"""Where this installation keeps its files: the folder of one machine, or a bucket shared by several."""

from casework.files.local import FileStore, LocalFileStore
from casework.verification.anchors import Shelf
from web.config import Config
from web.startup_checks import StartRefused


def open_file_store(config: Config) -> FileStore:
    """The store named by the settings; not contacted yet. Raises StartRefused where the library for a bucket is not installed."""
    if not config.s3_url:
        return LocalFileStore(config.files)
    try:
        from casework.files.bucket import Bucket, BucketFileStore
    except ImportError:
        raise StartRefused(
            "LANGBIANG_S3_URL is set, and the library that speaks to a bucket is not installed: write s3 into /etc/langbiang/extras and "
            "type step 3 of docs/install.md again."
        ) from None
    return BucketFileStore(
        Bucket(url=config.s3_url, name=config.s3_bucket, key=config.s3_key, secret=config.s3_secret, region=config.s3_region)
    )


def shelf_of(store: FileStore) -> Shelf | None:
    """Where several machines share their anchors: next to the files. None on one machine, whose data folder holds them all."""
    return store if isinstance(store, Shelf) else None
