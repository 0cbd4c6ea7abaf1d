/** Where the checkout or package keeps what the command line needs. */
export interface Home {
  readonly modelsFolder: string;
  readonly runtimeFolder: string;
  /** The bundle of the inspector's page that stands alone. */
  readonly pageFolder: string;
  /** What draws PNGs: the rasteriser and its fonts. */
  readonly pictureFolder: string;
}
