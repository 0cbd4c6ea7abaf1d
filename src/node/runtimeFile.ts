/** The runtime's binary, in the folder of its two files. */
export const RUNTIME_WASM = "ort-wasm-simd-threaded.wasm";
