"""Runs the snippet of docs/from-pytorch.md with a safetensors package written from the format's
description alone (json, struct), and prints what the network was given, as JSON.

    python3 read_ours.py docs/from-pytorch.md last.safetensors
"""
import json
import re
import struct
import sys
import types


class Tensor(list):
    def float(self):
        return self


class SafeOpen:
    def __init__(self, path, framework):
        data = open(path, "rb").read()
        (length,) = struct.unpack("<Q", data[:8])
        self.header = json.loads(data[8 : 8 + length])
        self.about = self.header.pop("__metadata__", {})
        self.data = data[8 + length :]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def metadata(self):
        return self.about

    def keys(self):
        return self.header.keys()

    def get_tensor(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        kind = {"F32": "f", "F16": "e"}[entry["dtype"]]
        values = struct.unpack(f"<{(end - begin) // struct.calcsize(kind)}{kind}", self.data[begin:end])
        count = 1
        for size in entry["shape"]:
            count *= size
        assert len(values) == count, name
        return Tensor(values)


class RINModel:
    def __init__(self, **sizes):
        self.sizes = sizes

    def load_state_dict(self, state):
        print(json.dumps({"sizes": self.sizes, "state": state}))


def module(name, **members):
    made = types.ModuleType(name)
    vars(made).update(members)
    sys.modules[name] = made


module("safetensors", safe_open=SafeOpen)
for name in ("src", "src.models"):
    module(name)
module("src.models.rin", RINModel=RINModel)
snippet = re.search(r"```python\n(.*?)```", open(sys.argv[1]).read(), re.S).group(1)
exec(snippet.replace("last.safetensors", sys.argv[2]))
