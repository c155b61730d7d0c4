/** Looking for things by a part of their name. Pure. */

/** Those whose name or title holds every word of a text, in any case. */
export function found<T extends { name: string; title?: string }>(
  items: readonly T[],
  text: string
): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter(({ name, title }) => {
    const whole = `${name}\n${title ?? ''}`.toLowerCase();
    return words.every(word => whole.includes(word));
  });
}
