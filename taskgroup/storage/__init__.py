"""The record of studies and runs: what was trained, how it went, and what was concluded from it."""

from taskgroup.storage.contract import Record, RecordError, StoredEvent, StoredStudy
from taskgroup.storage.location import weights_folder
from taskgroup.storage.sql import SqlRecord, open_record

__all__ = [
    "Record",
    "RecordError",
    "SqlRecord",
    "StoredEvent",
    "StoredStudy",
    "open_record",
    "weights_folder",
]
