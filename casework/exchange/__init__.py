"""Packages of document exchange (edXML, QCVN 102:2016/BTTTT): written and read within bounds, believed in nothing they say.

A package is a document with its files, or a status about one. Reading decides nothing about a case. Never tried against the national axis.
"""

from casework.exchange.packages import (
    Answered,
    Attachment,
    Business,
    DocumentId,
    DocumentType,
    Organ,
    Package,
    ReceiverChange,
    Replaced,
    Signer,
    Staff,
    Status,
    Trace,
    Update,
    status_words,
)
from casework.exchange.reading import read
from casework.exchange.refusals import PackageRefused
from casework.exchange.writing import write

__all__ = [
    "Answered",
    "Attachment",
    "Business",
    "DocumentId",
    "DocumentType",
    "Organ",
    "Package",
    "PackageRefused",
    "ReceiverChange",
    "Replaced",
    "Signer",
    "Staff",
    "Status",
    "Trace",
    "Update",
    "read",
    "status_words",
    "write",
]
