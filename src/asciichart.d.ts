declare module "asciichart" {
  interface PlotOptions {
    readonly height?: number;
    /** Writes the figures beside the axis. */
    readonly format?: (value: number) => string;
  }
  const asciichart: { readonly plot: (series: readonly number[], options?: PlotOptions) => string };
  export default asciichart;
}
