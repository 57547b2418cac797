/** `{name}`, and `{{name}}` for the text of it; other braces are but braces. */
const PLACEHOLDER = /\{\{([A-Za-z]+)\}\}|\{([A-Za-z]+)\}/g;

export type Values = Readonly<Record<string, string>>;

/** The names that stand in an argument. */
export const placeholdersIn = (argument: string): string[] =>
  [...argument.matchAll(PLACEHOLDER)].flatMap(([, , name]) => name ?? []);

/** What was put in is not looked at again: a value may hold braces too. */
export const filled = (args: readonly string[], values: Values): string[] =>
  args.map((argument) =>
    argument.replace(PLACEHOLDER, (whole, literal: string | undefined, name: string | undefined) =>
      literal === undefined ? (values[name ?? ''] ?? whole) : `{${literal}}`,
    ),
  );
