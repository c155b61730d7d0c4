/** A command line as the list of words it means: what a shell would do, without the shell. */

/** `problem` says in one sentence why the line can't be read. */
export interface Split {
  words: string[];
  problem: 'quote' | 'escape' | null;
}

/**
 * Split like a POSIX shell: blanks part, quotes keep together, a backslash keeps the next
 * character. Nothing is expanded, for no shell will see it: `$HOME` stays `$HOME`.
 */
export function split(line: string): Split {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  let at = 0;
  for (; at < line.length; at++) {
    const char = line[at];
    if (char === '\\' && quote !== "'") {
      at++;
      word = (word ?? '') + escaped(line[at], quote);
    } else if (quote !== '') {
      [word, quote] = char === quote ? [word, ''] : [(word ?? '') + char, quote];
    } else if (char === '"' || char === "'") {
      [word, quote] = [word ?? '', char];
    } else if (!/\s/.test(char)) {
      word = (word ?? '') + char;
    } else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  if (word !== null) {
    words.push(word);
  }
  return { words, problem: quote !== '' ? 'quote' : at > line.length ? 'escape' : null };
}

function escaped(char: string | undefined, quote: string): string {
  if (char === undefined || char === '\n') {
    return '';
  }
  return quote === '"' && !'"\\$`'.includes(char) ? `\\${char}` : char;
}
