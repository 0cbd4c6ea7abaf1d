import type { NamedArray } from "../../src/protocol/npz";
import type { Prediction } from "../../src/protocol/slices";

/**
 * The most likely tokens of each place, most likely first: `NAME.likely` (ids) and `NAME.probability`, each
 * [...dims, count]; -1 and NaN where a place has fewer.
 */
export function likelyArrays(
  name: string,
  dims: readonly number[],
  places: readonly (readonly Prediction[])[],
): NamedArray[] {
  const count = places.reduce((most, { length }) => Math.max(most, length), 0);
  const ids = new Int32Array(places.length * count).fill(-1);
  const probabilities = new Float32Array(places.length * count).fill(NaN);
  places.forEach((likely, place) =>
    likely.forEach(({ id, probability }, rank) => {
      ids[place * count + rank] = id;
      probabilities[place * count + rank] = probability;
    }),
  );
  return [
    { name: `${name}.likely`, dims: [...dims, count], data: ids },
    { name: `${name}.probability`, dims: [...dims, count], data: probabilities },
  ];
}
