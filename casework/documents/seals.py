"""The seals and signatures of this installation: their owners, their users, and where their keys are.

They are configured in the environment (web/documents/opening.py), not in the database, where anybody who administers pages could change a
row; and a seal binds the body in law (Luật Giao dịch điện tử 20/2023/QH15; NĐ 30/2020, Điều 13 and 26). A seal never holds its secret,
only the name of the variable or of the file that does.
"""

from dataclasses import dataclass
from pathlib import Path

from casework.bilingual import Bilingual

BODY, PERSON = "body", "person"
"""The two kinds of owner: the body, whose seal its clerk puts on, or one person, who alone puts on their signature."""

PKCS12, PKCS11 = "pkcs12", "pkcs11"
"""Where the key is: in a file with a passphrase, or in a token with a PIN."""

FIELDS = {PERSON: "NguoiKy", BODY: "CoQuan"}
"""The name of each kind's field in a document."""

ELSEWHERE = "elsewhere"
"""No key of ours: certificates that may sign a body's documents with other software."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal or signature. `centre` is the prefix of the centre's codes; `agency` the key of an agency whose own it is.

    `login` is the user name of the person whose signature it is; empty for a body's. The passphrase or PIN is in the environment variable
    `secret` names, or in the file `secret_file`. `picture` is the red print of the seal or the blue signature, as a PNG. `timestamps` is
    the address of a time-stamp authority; empty: the time is this server's own. `inside` are the hosts of this network that may be called.
    `signers` are, of kind `elsewhere`, the common names or SHA-256 digests of certificates.
    """

    name: str
    label: Bilingual
    centre: str
    agency: str = ""
    login: str = ""
    kind: str = PKCS12
    secret: str = ""
    secret_file: Path | None = None
    file: Path | None = None
    module: Path | None = None
    token: str = ""
    key: str = ""
    chain: Path | None = None
    picture: Path | None = None
    timestamps: str = ""
    inside: frozenset[str] = frozenset()
    signers: tuple[str, ...] = ()

    @property
    def signer(self) -> str:
        """Whether the owner is a body or a person."""
        return PERSON if self.login else BODY
