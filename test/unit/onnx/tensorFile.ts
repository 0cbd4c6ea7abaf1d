import { PbfReader } from "pbf";
import * as ort from "onnxruntime-web";

/** Reads a TensorProto as the conformance cases of ONNX store their inputs and outputs (raw or typed data). */
export function readTensorFile(bytes: Uint8Array): { name: string; tensor: ort.Tensor } {
  const dims: number[] = [];
  let type = 0;
  let name = "";
  let raw: Uint8Array = new Uint8Array(0);
  const numbers: number[] = [];
  new PbfReader(bytes).readFields((field, _, pbf) => {
    if (field === 1 && pbf.type === 2) pbf.readPackedVarint(dims, true);
    else if (field === 1) dims.push(pbf.readVarint(true));
    else if (field === 2) type = pbf.readVarint();
    else if (field === 4) pbf.readPackedFloat(numbers);
    else if (field === 5 || field === 7) pbf.readPackedVarint(numbers, true);
    else if (field === 8) name = pbf.readString();
    else if (field === 9) raw = pbf.readBytes();
  }, undefined);
  const buffer = raw.slice().buffer;
  const isRaw = raw.byteLength > 0;
  switch (type) {
    case 1:
      return {
        name,
        tensor: new ort.Tensor(
          "float32",
          isRaw ? new Float32Array(buffer) : Float32Array.from(numbers),
          dims,
        ),
      };
    case 6:
      return {
        name,
        tensor: new ort.Tensor("int32", isRaw ? new Int32Array(buffer) : Int32Array.from(numbers), dims),
      };
    case 7: {
      const data = isRaw ? new BigInt64Array(buffer) : BigInt64Array.from(numbers, BigInt);
      return { name, tensor: new ort.Tensor("int64", data, dims) };
    }
    case 9:
      return {
        name,
        tensor: new ort.Tensor("bool", isRaw ? new Uint8Array(buffer) : Uint8Array.from(numbers), dims),
      };
    case 10: {
      const data = isRaw ? new Uint16Array(buffer) : Uint16Array.from(numbers);
      return { name, tensor: new ort.Tensor("float16", data as never, dims) };
    }
  }
  throw new Error(`a tensor of type ${type}`);
}
