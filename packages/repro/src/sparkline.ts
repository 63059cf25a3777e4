const LEVELS = '▁▂▃▄▅▆▇█';

/** A curve in so many characters: means of equal parts, from the lowest value to the highest. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0 || width < 1) return '';
  const points = Math.min(width, values.length);
  const means = Array.from({ length: points }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / points), Math.floor(((i + 1) * values.length) / points));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const level = (value: number): number => (high === low ? 0 : Math.round(((value - low) / (high - low)) * (LEVELS.length - 1)));
  return means.map((value) => LEVELS[level(value)]).join('');
}
