import { type ChecklistTask } from './checklist.js';

type Box = Pick<ChecklistTask, 'text' | 'checked'>;

export interface ChecklistChanges {
  /** Tasks that became done, also such as were reworded on the way. */
  ticked: number;
  /** Whether any box was ticked, unticked, added or removed. Prose does not count. */
  changed: boolean;
}

/** What a task turn did to the boxes of its document. */
export const compareChecklists = (
  before: readonly Box[],
  after: readonly Box[],
): ChecklistChanges => {
  const old = byText(before);
  const now = byText(after);
  const ticked = [...now].filter(([key, checked]) => checked && old.get(key) === false).length;
  const changed =
    old.size !== now.size || [...now].some(([key, checked]) => old.get(key) !== checked);
  return { ticked: Math.max(ticked, countDone(after) - countDone(before)), changed };
};

const countDone = (boxes: readonly Box[]): number => boxes.filter(({ checked }) => checked).length;

/** Tasks may be moved and may have the same text: the n-th of a text is compared with the n-th. */
const byText = (boxes: readonly Box[]): Map<string, boolean> => {
  const seen = new Map<string, number>();
  return new Map(
    boxes.map(({ text, checked }) => {
      const nth = (seen.get(text) ?? 0) + 1;
      seen.set(text, nth);
      return [`${nth} ${text}`, checked];
    }),
  );
};
