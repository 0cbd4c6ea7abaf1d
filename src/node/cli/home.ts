/** Where the checkout or package keeps what the command line needs. */
export interface Home {
  readonly modelsFolder: string;
  readonly runtimeFolder: string;
  readonly pageFolder: string;
}
