/** A coordinate of a drawing: a tenth of a pixel is enough. */
export const short = (value: number): number => Number(value.toFixed(1));

/** Mean of a list; NaN of an empty one. */
export const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
