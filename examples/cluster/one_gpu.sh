#!/bin/sh
# Shows the command one GPU of this machine: the one with this process's number among those that
# mpirun, or srun, started here. For machines where all processes see all GPUs.
#
#     mpirun -n 2 examples/cluster/one_gpu.sh rin train --device gpu
#
# RIN_GPUS names the GPUs by their PCI addresses, where not all of them are to be used.
set -eu

local=${OMPI_COMM_WORLD_LOCAL_RANK:-${MPI_LOCALRANKID:-${SLURM_LOCALID:-}}}
if [ -z "$local" ]; then
  echo "one_gpu.sh: neither mpirun nor srun started this" >&2
  exit 2
fi

gpus=${RIN_GPUS:-}
if [ -z "$gpus" ]; then
  # 0x0300.. is a VGA controller, 0x0302.. a 3D controller without a display, 0x0380.. another one;
  # of NVIDIA, AMD, or Intel, since a server's own VGA chip has no Vulkan.
  for device in /sys/bus/pci/devices/*; do
    if [ ! -e "$device/class" ]; then continue; fi
    case $(cat "$device/vendor") in
      0x10de | 0x1002 | 0x8086) ;;
      *) continue ;;
    esac
    case $(cat "$device/class") in
      0x0300* | 0x0302* | 0x0380*) gpus="$gpus ${device##*/}" ;;
    esac
  done
fi

number=0
for gpu in $gpus; do
  if [ "$number" -eq "$local" ]; then
    # 0000:17:00.0 becomes pci-0000_17_00_0.
    DRI_PRIME=pci-$(printf %s "$gpu" | tr ':.' '__')
    MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE=1
    unset MESA_VK_DEVICE_SELECT # it would come first
    export DRI_PRIME MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE
    exec "$@"
  fi
  number=$((number + 1))
done
echo "one_gpu.sh: this is process $local of its machine, which has $number GPUs" >&2
exit 1
