/** Cells of the rows between the marks of docs/agents.md. */
export declare const rowsOf: (markdown: string) => string[][];
export declare const writeAgentsTable: (root: string, names: readonly string[]) => void;
