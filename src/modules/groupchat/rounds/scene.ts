import { type Tx } from '../../../platform/database/index.js';
import { type PeopleById } from '../people.js';
import { type Picture } from './picture.js';

/** Where an arrow happens: the chat as it stands, locked, in an open transaction. */
export interface Scene extends Picture {
  tx: Tx;
  people: PeopleById;
  now: Date;
}
