#!/usr/bin/python3
"""The network of src/model/ in PyTorch, checked on the golden data and timed.

    python3 bench/peers/torch_rin.py --check
    python3 bench/peers/torch_rin.py [--threads N] [--device cpu|cuda]

Without --check it reads one command a line from stdin and prints one line for each, so that a
benchmark can take turns with it:

    about                    versions, as JSON
    step NETWORK COUNT       milliseconds of one training step, averaged over COUNT steps
    sample NETWORK STEPS     milliseconds to draw one batch in STEPS steps
    matmul SIZE              milliseconds of one SIZE^3 product in numpy

NETWORK is faces or demo; the batch is 32. A training step does what ours does: draw times and
noise, run a pass without gradient for self-conditioning, forward, backward, clip to a norm of 1,
AdamW, and a moving average of the weights.

Debian: apt-get install python3-torch libopenblas0-pthread. Without OpenBLAS it is 20 times slower.
On two threads, libopenblas0-openmp is faster still, since it shares PyTorch's threads.
"""

import argparse
import json
import math
import os
import struct
import sys
import time
from pathlib import Path

BATCH = 32
CLIP = 1.0
SELF_CONDITIONING_RATE = 0.9


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with tests/golden and exit")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch and of its BLAS")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="what computes")
    arguments = parser.parse_args()
    if arguments.threads < 1:
        parser.error(f"--threads is {arguments.threads}: use 1 or more")
    return arguments


ARGUMENTS = parse_arguments()

# OpenBLAS reads these once, while it is loaded. Overrides of its choice of kernels would slow it.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = str(ARGUMENTS.threads)

try:
    import numpy as np
except ImportError as error:
    sys.exit(f"{sys.executable}: {error}")


def blas():
    """The folder of the BLAS that was loaded, such as openblas-pthread; "unknown" off Linux."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return "unknown"
    for line in lines:
        if "libblas" in line or "openblas" in line or "libmkl" in line:
            return Path(line.split()[-1]).parent.name
    return "unknown"


# PyTorch's idle OpenMP threads spin. They would starve the threads of a BLAS that has its own:
# steps on two threads of two cores then take five times as long.
if "pthread" in blas():
    os.environ["OMP_WAIT_POLICY"] = "passive"

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    sys.exit(f"{sys.executable}: {error}")

if ARGUMENTS.device == "cuda" and not torch.cuda.is_available():
    sys.exit(f"{sys.executable}: PyTorch finds no CUDA")
torch.set_default_device(ARGUMENTS.device)


def sizes(patch_size, interface_dim, num_latents, prediction):
    return {
        "image_size": 32,
        "patch_size": patch_size,
        "latent_dim": 128,
        "interface_dim": interface_dim,
        "num_latents": num_latents,
        "num_blocks": 2,
        "block_depth": 1,
        "num_heads": 4,
        "prediction": prediction,
    }


NETWORKS = {"faces": sizes(8, 128, 16, "x0"), "demo": sizes(4, 64, 32, "eps")}


def parameter_shapes(c):
    """The shape of each parameter by its name in the state_dict."""
    shapes = {}
    dz, dx = c["latent_dim"], c["interface_dim"]
    features = 3 * c["patch_size"] ** 2

    def linear(name, inputs, outputs):
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)

    def norm(name, width):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    def attention(name, width, source):
        if width == source:
            shapes[f"{name}.in_proj_weight"] = (3 * width, width)
        else:
            shapes[f"{name}.q_proj_weight"] = (width, width)
            shapes[f"{name}.k_proj_weight"] = shapes[f"{name}.v_proj_weight"] = (width, source)
        shapes[f"{name}.in_proj_bias"] = (3 * width,)
        linear(f"{name}.out_proj", width, width)

    def mlp(name, width):
        norm(f"{name}.0", width)
        linear(f"{name}.1", width, 4 * width)
        linear(f"{name}.3", 4 * width, width)

    shapes["tokenizer.pos_embed"] = (1, (c["image_size"] // c["patch_size"]) ** 2, dx)
    linear("tokenizer.linear", features, dx)
    norm("tokenizer.layer_norm", dx)
    shapes["latent_initializer.Z_init"] = (1, c["num_latents"], dz)
    norm("latent_initializer.layer_norm", dz)
    linear("latent_initializer.mlp.0", dz, dz)
    linear("latent_initializer.mlp.2", dz, dz)
    linear("time_conditioner.time_mlp.0", 1, 128)
    linear("time_conditioner.time_mlp.2", 128, dz)
    for i in range(c["num_blocks"]):
        norm(f"blocks.{i}.read_norm", dz)
        attention(f"blocks.{i}.read_attention", dz, dx)
        mlp(f"blocks.{i}.read_mlp", dz)
        for j in range(c["block_depth"]):
            norm(f"blocks.{i}.compute_norm.{j}", dz)
            attention(f"blocks.{i}.compute_attention.{j}", dz, dz)
            mlp(f"blocks.{i}.compute_mlp.{j}", dz)
        norm(f"blocks.{i}.write_norm", dx)
        attention(f"blocks.{i}.write_attention", dx, dz)
        mlp(f"blocks.{i}.write_mlp", dx)
    norm("layer_norm", dx)
    linear("readout", dx, features)
    return shapes


class Rin:
    """The network as functions of a dictionary of parameters. Streams are (batch, tokens, width)."""

    def __init__(self, config, parameters):
        self.config = config
        self.parameters = parameters

    def linear(self, name, x):
        return F.linear(x, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def norm(self, name, x):
        weight = self.parameters[f"{name}.weight"]
        return F.layer_norm(x, weight.shape, weight, self.parameters[f"{name}.bias"], 1e-5)

    def mlp(self, name, x):
        return self.linear(f"{name}.3", F.gelu(self.linear(f"{name}.1", self.norm(f"{name}.0", x))))

    def attention(self, name, stream, source):
        """q of one stream, k and v of the other (or of the same one)."""
        p = self.parameters
        width, bias = stream.shape[2], p[f"{name}.in_proj_bias"]
        packed = p.get(f"{name}.in_proj_weight")
        if source is stream:
            q, k, v = F.linear(stream, packed, bias).chunk(3, dim=2)
        elif packed is not None:
            q = F.linear(stream, packed[:width], bias[:width])
            k, v = F.linear(source, packed[width:], bias[width:]).chunk(2, dim=2)
        else:
            q_bias, k_bias, v_bias = bias.chunk(3)
            q = F.linear(stream, p[f"{name}.q_proj_weight"], q_bias)
            k = F.linear(source, p[f"{name}.k_proj_weight"], k_bias)
            v = F.linear(source, p[f"{name}.v_proj_weight"], v_bias)
        batch, rows = stream.shape[:2]
        heads = self.config["num_heads"]
        q, k, v = (
            x.reshape(batch, x.shape[1], heads, width // heads).transpose(1, 2).flatten(0, 1)
            for x in (q, k, v)
        )
        scale = 1 / math.sqrt(width // heads)
        scores = torch.baddbmm(q.new_empty(1), q, k.transpose(1, 2), beta=0, alpha=scale)
        mixed = torch.bmm(scores.softmax(-1), v).view(batch, heads, rows, width // heads)
        return self.linear(f"{name}.out_proj", mixed.transpose(1, 2).flatten(2))

    def tokens(self, xt):
        patch = self.config["patch_size"]
        patches = F.unfold(xt, patch, stride=patch).transpose(1, 2)
        x = self.norm("tokenizer.layer_norm", self.linear("tokenizer.linear", patches))
        return x + self.parameters["tokenizer.pos_embed"]

    def initial_latents(self, t, z_prev, share):
        """Z_init plus the time, plus `share` (batch, 1, 1) of what `z_prev` hands on."""
        z = self.parameters["latent_initializer.Z_init"]
        hidden = F.silu(self.linear("time_conditioner.time_mlp.0", t))
        z = z + self.linear("time_conditioner.time_mlp.2", hidden).unsqueeze(1)
        if z_prev is None:
            return z
        hidden = F.gelu(self.linear("latent_initializer.mlp.0", z_prev))
        handed_on = z_prev + self.linear("latent_initializer.mlp.2", hidden)
        handed_on = self.norm("latent_initializer.layer_norm", handed_on)
        return z + (handed_on if share is None else handed_on * share)

    def forward(self, xt, t, z_prev=None, share=None, latents_only=False):
        """Prediction and latents. With `latents_only`, stops at the last latents.

        xt (B, 3, S, S), t (B, 1), z_prev and the latents (B, M, Dz).
        """
        c = self.config
        x = self.tokens(xt)
        z = self.initial_latents(t, z_prev, share)
        for i in range(c["num_blocks"]):
            block = f"blocks.{i}"
            z = z + self.attention(f"{block}.read_attention", self.norm(f"{block}.read_norm", z), x)
            z = z + self.mlp(f"{block}.read_mlp", z)
            for j in range(c["block_depth"]):
                n = self.norm(f"{block}.compute_norm.{j}", z)
                z = z + self.attention(f"{block}.compute_attention.{j}", n, n)
                z = z + self.mlp(f"{block}.compute_mlp.{j}", z)
            if latents_only and i == c["num_blocks"] - 1:
                return None, z
            n = self.norm(f"{block}.write_norm", x)
            x = x + self.attention(f"{block}.write_attention", n, z)
            x = x + self.mlp(f"{block}.write_mlp", x)
        out = self.linear("readout", self.norm("layer_norm", x)).transpose(1, 2)
        patch = c["patch_size"]
        return F.fold(out, c["image_size"], patch, stride=patch), z


def initial_parameters(config):
    """Values of about the usual size, by name; their exact distribution costs no time."""
    values = {}
    for name, shape in parameter_shapes(config).items():
        if name.startswith("latent_initializer.layer_norm"):
            values[name] = torch.zeros(shape)
        elif len(shape) == 1:
            values[name] = torch.full(shape, 1.0 if name.endswith("weight") else 0.0)
        else:
            values[name] = torch.empty(shape).uniform_(-1, 1) / math.sqrt(shape[-1])
    return values


def gamma(t):
    return torch.cos(t * (math.pi / 2)).square().clamp(1e-9, 1)


class Training:
    """Whole training steps on random images."""

    def __init__(self, config):
        self.config = config
        parameters = initial_parameters(config)
        for value in parameters.values():
            value.requires_grad_()
        self.rin = Rin(config, parameters)
        self.parameters = list(parameters.values())
        decayed = [p for p in self.parameters if p.dim() > 1]
        others = [p for p in self.parameters if p.dim() == 1]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0}]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-3, foreach=True)
        self.average = [p.detach().clone() for p in self.parameters]
        self.images = torch.rand(BATCH, 3, config["image_size"], config["image_size"]) * 2 - 1
        self.steps = 0

    def step(self):
        x0 = self.images
        t = torch.rand(BATCH, 1)
        g = gamma(t).view(BATCH, 1, 1, 1)
        noise = torch.randn_like(x0)
        xt = g.sqrt() * x0 + (1 - g).sqrt() * noise
        share = (torch.rand(BATCH, 1, 1) < SELF_CONDITIONING_RATE).float()
        with torch.no_grad():
            _, z_prev = self.rin.forward(xt, t, latents_only=True)
        prediction, _ = self.rin.forward(xt, t, z_prev, share)
        loss = F.mse_loss(prediction, x0 if self.config["prediction"] == "x0" else noise)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.clip()
        self.optimizer.step()
        self.steps += 1
        decay = min(0.9999, (1 + self.steps) / (10 + self.steps))
        torch._foreach_mul_(self.average, decay)
        torch._foreach_add_(self.average, [p.detach() for p in self.parameters], alpha=1 - decay)
        if not math.isfinite(loss.item()):
            raise RuntimeError("the loss is not finite")

    def clip(self):
        grads = [p.grad for p in self.parameters]
        norm = torch.stack(torch._foreach_norm(grads)).norm().item()
        if norm > CLIP:
            torch._foreach_mul_(grads, CLIP / norm)

    def draw(self, steps):
        """Draws a batch with DDPM in `steps` steps, the latents carried from step to step."""
        with torch.inference_mode():
            x = torch.randn_like(self.images)
            z = None
            times = torch.linspace(1, 0, steps + 1)
            levels = gamma(times).tolist()
            for i in range(steps):
                g, g_next = levels[i], levels[i + 1]
                prediction, z = self.rin.forward(x, times[i].expand(BATCH, 1), z)
                if self.config["prediction"] == "x0":
                    x0 = prediction
                else:
                    x0 = (x - math.sqrt(1 - g) * prediction) / math.sqrt(g)
                x0 = x0.clamp(-1, 1)
                if i == steps - 1:
                    return x0
                alpha = g / g_next
                beta = 1 - alpha
                mean = math.sqrt(g_next) * beta / (1 - g) * x0
                mean += math.sqrt(alpha) * (1 - g_next) / (1 - g) * x
                x = mean + math.sqrt(beta) * torch.randn_like(x)


def milliseconds(work):
    start = time.perf_counter()
    work()
    if ARGUMENTS.device == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start)


class Session:
    """Answers the commands; a network is made when it is first named."""

    def __init__(self):
        self.trainings = {}

    def training(self, network):
        if network not in NETWORKS:
            sys.exit(f"Unknown network {network}: use {' or '.join(NETWORKS)}")
        if network not in self.trainings:
            self.trainings[network] = Training(NETWORKS[network])
        return self.trainings[network]

    def about(self):
        return json.dumps({"torch": torch.__version__, "numpy": np.__version__, "blas": blas()})

    def step(self, network, count):
        training = self.training(network)

        def steps():
            for _ in range(int(count)):
                training.step()

        return milliseconds(steps) / int(count)

    def sample(self, network, steps):
        training = self.training(network)
        return milliseconds(lambda: training.draw(int(steps)))

    def matmul(self, size):
        a, b = np.random.rand(2, int(size), int(size)).astype(np.float32)
        a @ b
        return milliseconds(lambda: a @ b)


COMMANDS = ("about", "step", "sample", "matmul")


def serve():
    session = Session()
    for line in sys.stdin:
        command, *arguments = line.split()
        if command not in COMMANDS:
            sys.exit(f"Unknown command {command}: use {', '.join(COMMANDS)}")
        print(getattr(session, command)(*arguments), flush=True)


def read_safetensors(path):
    """Config and tensors of a golden file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    config = json.loads(header.pop("__metadata__")["config"])
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = np.frombuffer(data[start:end], np.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy()).to(ARGUMENTS.device)
    return config, tensors


def largest_errors(path):
    """Of outputs and loss, absolute; of gradients, relative to each tensor's largest (least 1e-3)."""
    config, golden = read_safetensors(path)
    parameters = {name: golden[name].requires_grad_() for name in parameter_shapes(config)}
    rin = Rin(config, parameters)
    t = golden["in.t"].view(-1, 1)

    def error(found, name):
        return (found.detach() - golden[name]).abs().max().item()

    outputs = []
    for kind, z_prev in (("cold", None), ("warm", golden["in.Z_prev"])):
        prediction, z = rin.forward(golden["in.xt"], t, z_prev)
        loss = F.mse_loss(prediction, golden["in.noise"])
        outputs += [
            error(prediction, f"{kind}.noise_pred"),
            error(z, f"{kind}.Z"),
            error(loss, f"{kind}.loss"),
        ]
    loss.backward()
    gradients = [
        error(p.grad, f"grad.{name}") / max(golden[f"grad.{name}"].abs().max().item(), 1e-3)
        for name, p in parameters.items()
    ]
    return max(outputs), max(gradients)


def check():
    golden = Path(__file__).resolve().parents[2] / "tests" / "golden"
    right = True
    for name in ("A_tiny", "B_odd"):
        outputs, gradients = largest_errors(golden / f"{name}.safetensors")
        print(f"{name}: outputs differ by {outputs:.1e}, gradients by {gradients:.1e} of the largest")
        right = right and outputs < 2e-5 and gradients < 1e-4
    if not right:
        sys.exit("The network differs from the golden data: needed under 2e-5 and 1e-4")


torch.set_num_threads(ARGUMENTS.threads)
if ARGUMENTS.check:
    check()
else:
    serve()
