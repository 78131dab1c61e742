#!/usr/bin/env python3
"""Checks on canned text how benchmarks/static_report reads what ptxas, nvcc and the disassemblers print. Needs no nvcc."""

import importlib.machinery
import importlib.util
import pathlib
import sys

PTXAS = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z5firstv' for 'sm_90a'
ptxas info    : Function properties for _Z5firstv
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 13312 bytes smem, 448 bytes cmem[0]
ptxas info    : Compile time = 46.753 ms
ptxas info    : Compiling entry function '_Z6secondv' for 'sm_90a'
ptxas info    : Function properties for _Z6secondv
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 128 registers, used 0 barriers, 8 bytes cumulative stack size
"""

PTX = """\
.extern .shared .align 128 .b8 _ZN4slabE[];
.visible .entry _Z5firstv(
\t.param .u64 _Z5firstv_param_0
)
.maxntid 32, 8, 1
{
\tmov.u32 %r1, _ZN4slabE;
}
.visible .entry _Z6secondv(
)
{
\tret;
}
"""

CUOBJDUMP = """\
\t\tFunction : _Z5firstv
        /*0010*/                   LDG.E.128.CONSTANT R4, desc[UR12][R4.64] ;          /* 0x0000000c040f7981 */
                                                                                       /* 0x004ea2000c1e9900 */
        /*0020*/               @P0 LDG.E.U16 R5, desc[UR12][R2.64] ;                   /* 0x0000000c040f7981 */
        /*0030*/              @!P1 STG.E.128 desc[UR12][R2.64], R4 ;                   /* 0x0000000c040f7981 */
        /*0040*/              @!UP0 LDGSTS.E.BYPASS.128 [R3], [R4.64] ;                /* 0x0000000c040f7981 */
        /*0050*/                   LDS.128 R4, [R3] ;                                  /* 0x0000000c040f7981 */
        /*0060*/                   LDL R4, [R3] ;                                      /* 0x0000000c040f7981 */
        /*0070*/                   ST.E desc[UR12][R2.64], R4 ;                        /* 0x0000000c040f7981 */
\t\tFunction : _Z5otherv
        /*0010*/                   LDG.E R4, desc[UR12][R4.64] ;                       /* 0x0000000c040f7981 */
\t\tFunction : _Z6secondv
        /*0000*/                   EXIT ;                                              /* 0x000000000000794d */
"""

NVDISASM = """\
//--------------------- .text._Z5firstv --------------------------
\t.section\t.text._Z5firstv,"ax",@progbits
\t.sectioninfo\t@"SHI_REGISTERS=40"
.text._Z5firstv:
        /*0010*/                   LDG.E.128.CONSTANT R4, desc[UR12][R4.64] ;
        /*0020*/               @P0 LDG.E.U16 R5, desc[UR12][R2.64] ;
.L_x_1:
        /*0030*/              @!P1 STG.E.128 desc[UR12][R2.64], R4 ;
        /*0040*/              @!UP0 LDGSTS.E.BYPASS.128 [R3], [R4.64] ;
        /*0050*/                   LDS.128 R4, [R3] ;
        /*0070*/                   ST.E desc[UR12][R2.64], R4 ;
.text._Z6secondv:
        /*0000*/                   EXIT ;
"""

NAMES = {
    "a::(anonymous namespace)::kernel(a::Size, float*)": "kernel",
    "void a::b::kernel<a::bfloat16, 8, true>(a::b::Rows<a::bfloat16> const&)": "kernel<bfloat16, 8, true>",
    "void a::(anonymous namespace)::kernel<float, (a::Method)2>(float const*)": "kernel<float, (Method)2>",
}

# (threads, registers, shared bytes, architecture) -> share of the warps: bound in turn by registers, by their unit of 256
# a warp, by shared memory, by threads, by blocks.
OCCUPANCY = {
    (256, 64, 0, "90"): 0.5,
    (256, 41, 0, "90"): 0.625,
    (256, 32, 50 << 10, "80"): 0.375,
    (1024, 32, 0, "86"): 32 / 48,
    (32, 16, 0, "86"): 16 / 48,
    (32, 16, 0, "89"): 24 / 48,
}


def load(root):
    loader = importlib.machinery.SourceFileLoader("static_report", str(root / "benchmarks" / "static_report"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("static_report", loader))
    sys.modules["static_report"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: expected {expected}, found {found}")


def check(report):
    for disassembly in (CUOBJDUMP, NVDISASM):
        kernels = report.parse_ptxas(PTXAS, "op", "90a")
        expect("kernels", list(kernels), ["_Z5firstv", "_Z6secondv"])
        report.add_ptx(kernels, PTX)
        report.add_sass(kernels, disassembly)
        first, second = kernels.values()
        expect("first", first, report.Kernel("op", "90a", "_Z5firstv", threads=256, registers=40, shared=13312,
                                             dynamic_shared=True, accesses=5, wide_accesses=3))
        expect("second", second, report.Kernel("op", "90a", "_Z6secondv", threads=1024, registers=128, spills=16, local=8,
                                               accesses=0, wide_accesses=0))
    for demangled, name in NAMES.items():
        expect(demangled, report.short_name(demangled), name)
    for (threads, registers, shared, architecture), share in OCCUPANCY.items():
        kernel = report.Kernel("op", architecture, "k", threads=threads, registers=registers, shared=shared)
        expect(kernel, report.occupancy(kernel, report.LIMITS[architecture]), share)
    expect("failures", report.failures([first, second]),
           ["op: _Z6secondv on sm_90a: 16 bytes spilled, 8 bytes of local memory"])
    first.occupancy, second.accesses = 0.5, None
    expect("cells", [report.cell(first), report.cell(second), report.cell(None)], ["40, 3/5, <= 50%", "128, ?, 0%", "-"])
    expect("values", report.value_of_all([first, second], "op"), "op")
    second.architecture = "80"
    expect("values", report.value_of_all([first, second], "spills"), "0 (90a), 16 (80)")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} SOURCE_FOLDER")
    check(load(pathlib.Path(sys.argv[1])))
