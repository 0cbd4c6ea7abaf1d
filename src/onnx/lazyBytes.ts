/**
 * Stands in for the bytes of a large file where only `byteLength` and `subarray` are used, as ONNX Runtime Web 1.30 does
 * with external data: each part is read when it is asked for. Whether a runtime keeps to that is for `probe.ts` to find out.
 */
export class LazyBytes extends Uint8Array {
  constructor(
    private readonly fileLength: number,
    private readonly readPart: (byteOffset: number, length: number) => Uint8Array<ArrayBuffer>,
  ) {
    super(0);
  }

  override get byteLength(): number {
    return this.fileLength;
  }

  override subarray(begin = 0, end = this.fileLength): Uint8Array<ArrayBuffer> {
    const start = Math.min(Math.max(begin < 0 ? begin + this.fileLength : begin, 0), this.fileLength);
    const stop = Math.min(Math.max(end < 0 ? end + this.fileLength : end, start), this.fileLength);
    return this.readPart(start, stop - start);
  }
}
