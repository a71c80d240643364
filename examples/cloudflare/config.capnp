# Runs the worker with workerd, as Cloudflare does: workerd serve config.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-05-01",
  modules = [
    (name = "worker.js", esModule = embed "bundle.js"),
    (name = "net.safetensors", data = embed "net.safetensors"),
    (
      name = "node_modules/@rin/rin/kernels/wasm/fused.wasm",
      wasm = embed "node_modules/@rin/rin/kernels/wasm/fused.wasm",
    ),
  ],
);
