import { type World } from './world.js';

/** Control characters of ASCII and of Latin-1, but for tabs and the ends of lines: they begin a terminal's commands. */
const CONTROL = /\r(?!\n)|[^\P{Cc}\t\n\r]/gu;

/**
 * Text as a stream may have it. Agents and remotes have the last word on much of it, and a terminal obeys: there, control
 * characters are shown (`^[`, `<9B>`) as `less` does. A pipe gets every byte as it is.
 */
export const textFor = ({ isTTY }: Pick<World['stdout'], 'isTTY'>, text: string): string =>
  isTTY === true ? text.replace(CONTROL, visible) : text;

const visible = (character: string): string => {
  const code = character.charCodeAt(0);
  return code < 0x80
    ? `^${String.fromCharCode(code ^ 0x40)}`
    : `<${code.toString(16).toUpperCase()}>`;
};
