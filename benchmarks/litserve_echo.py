"""A LitServe server that does what the echo engine does: takes a payload, answers its size.

Run as a bare file: ``python litserve_echo.py json|raw PORT``.
"""

import base64
import sys
from typing import Annotated

import litserve
from fastapi import Body


class Json(litserve.LitAPI):
    """The payload is base64 text in a JSON object."""

    def setup(self, device):
        pass

    def decode_request(self, request):
        return base64.b64decode(request["payload"])

    def predict(self, x):
        return len(x)

    def encode_response(self, output):
        return {"nbytes": output}


class Raw(Json):
    """The payload is the body."""

    def decode_request(self, request: Annotated[bytes, Body(media_type="application/octet-stream")]):
        return request


if __name__ == "__main__":
    way, port = sys.argv[1], int(sys.argv[2])
    litserve.LitServer({"json": Json, "raw": Raw}[way](), accelerator="cpu", fast_queue=way == "raw").run(
        host="127.0.0.1", port=port, generate_client_file=False, log_level="error"
    )
