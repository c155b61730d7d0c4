/** The language of dates and numbers; the same for the whole page, which a change reloads. */

let chosen: string | undefined;

/** The lab speaks `language`; the browser's own variant of it (en-GB, de-AT) says how. */
export function speak(language: string, preferred = navigator.languages): void {
  const [wanted] = language.split(/[-_]/);
  const variant = preferred.find(tag => tag.split('-')[0] === wanted);
  chosen = variant ?? language.replace('_', '-');
}

/** For `Intl`; until the lab has said it, the browser's. */
export function locale(): string | undefined {
  return chosen;
}
