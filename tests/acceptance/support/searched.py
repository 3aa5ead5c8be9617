"""Searches everything a program has left behind for secrets, in the forms they may come back in."""

import base64
import json
import os
import urllib.parse


def forms(secret):
    """The bytes in which a text may stand anywhere, lower-cased where case is free."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw[::-1], " ".join(secret.split()).encode()}
    for quote in (urllib.parse.quote, urllib.parse.quote_plus):
        encoded = quote(secret, safe="")
        found |= {encoded.encode(), encoded.lower().encode()}
    found.add(json.dumps(secret)[1:-1].encode())
    # Within a longer text, base64 looks one of three ways; what touches its ends is left out.
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * shift + raw).rstrip(b"=")[4 if shift else 0:-2])
    for line in secret.splitlines():
        if len(line) >= 16 and not line.startswith("-----"):
            found.add(line.encode())
    return {form for form in found if len(form) >= 6}


def below(directory):
    """All names and contents below a directory."""
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            yield path.encode(errors="surrogateescape")
            if os.path.islink(path):
                yield os.readlink(path).encode(errors="surrogateescape")
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    yield file.read()


def find(secrets, places):
    """(name of the secret, form, what stands around it) of each that was found."""
    wanted = [(name, form) for name, secret in secrets.items() for form in forms(secret)]
    for place in places:
        for name, form in wanted:
            at = place.find(form)
            if at >= 0:
                yield name, form, place[max(0, at - 120):at + len(form) + 40]
