/** Up to three spaces, then a run of backticks or tildes. */
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const URL = /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>"]+/gi;

/**
 * The text with code blocks, inline code and URLs blanked out, since an `@` in them addresses nobody. Every character
 * keeps its place.
 */
export const proseOf = (text: string): string =>
  withoutInlineCode(withoutFences(text)).replace(URL, blank);

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

const withoutFences = (text: string): string => {
  let open: string | null = null;
  return text
    .split('\n')
    .map((line) => {
      const [, run = '', rest = ''] = FENCE.exec(line.replace(/\r$/, '')) ?? [];
      if (open === null) {
        // A backtick fence cannot have backticks behind it: that is inline code.
        if (run === '' || (run.startsWith('`') && rest.includes('`'))) return line;
        open = run;
      } else if (run.startsWith(open) && rest.trim() === '') {
        open = null;
      }
      return blank(line);
    })
    .join('\n');
};

/** A run of backticks, up to the next run of the same length in the same paragraph. */
const withoutInlineCode = (text: string): string =>
  text
    .split(/(\n[ \t\r]*\n)/)
    .map((paragraph) => paragraph.replace(/(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, blank))
    .join('');
