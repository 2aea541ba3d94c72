"""Asks a server through `seldon_core`'s own client; run in the microservice's environment.

Prints, for each way of asking, whether the client took the answer for a success, and its numbers.
"""

import json
import sys

import numpy as np
from seldon_core.seldon_client import SeldonClient


def main(address: str, asked: str) -> None:
    """Ask for the same rows in each way that the client has."""
    names, rows = json.loads(asked)["names"], np.array(json.loads(asked)["rows"])
    gateway = SeldonClient(gateway="seldon", gateway_endpoint=address)
    direct = SeldonClient(microservice_endpoint=address)
    told = {}
    for kind in ("ndarray", "tensor"):
        told[f"gateway {kind}"] = shown(
            gateway.predict(transport="rest", data=rows, names=names, payload_type=kind)
        )
        told[f"microservice {kind}"] = shown(
            direct.microservice(
                transport="rest", method="predict", data=rows, names=names, payload_type=kind
            )
        )
    wrong = gateway.predict(transport="rest", data=rows, names=["a", "c"], payload_type="ndarray")
    told["wrong"] = {"success": wrong.success, "response": shown(wrong)["response"]}
    print(json.dumps(told))


def shown(prediction: "SeldonClient") -> dict[str, object]:
    """A prediction as plain values."""
    from google.protobuf.json_format import MessageToDict

    response = prediction.response
    plain = response if isinstance(response, dict) else MessageToDict(response)
    return {"success": prediction.success, "response": plain}


if __name__ == "__main__":
    main(*sys.argv[1:])
