import { type Session, workingTree } from '../../sessions/index.js';

type Place = Pick<Session, 'remoteId' | 'cwd'>;

/** Names the working tree of a session: two open runs never share one. */
export const treeOf = ({ remoteId, cwd }: Place): string => workingTree(remoteId, cwd);

/** The same for a worktree that is yet to be made. */
export const futureTreeOf = (place: Place, branch: string): string => `${treeOf(place)}#${branch}`;
