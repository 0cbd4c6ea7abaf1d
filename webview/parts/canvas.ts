import type { Pixels } from "../../src/paint/heatmap";

/** Sets a canvas to a size in CSS pixels at the screen's density; returns how many of its pixels are one CSS pixel. */
export function sizeCanvas(canvas: HTMLCanvasElement, width: number, height: number): number {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  const pixelWidth = Math.max(1, Math.round(width * ratio));
  const pixelHeight = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
  }
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return ratio;
}

/** Lossless PNG of pixels as a `data:` URL. */
export function pixelsToDataUrl({ width, height, data }: Pixels): string {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const picture = new ImageData(width, height);
  picture.data.set(data);
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
  return canvas.toDataURL("image/png");
}

/** An SVG document drawn at `density` pixels for each of its own, as PNG bytes. */
export async function svgToPng(svg: string, density: number): Promise<Uint8Array> {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth * density;
  canvas.height = picture.naturalHeight * density;
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error(`A picture of ${canvas.width} x ${canvas.height} pixels could not be encoded`);
  return new Uint8Array(await blob.arrayBuffer());
}
