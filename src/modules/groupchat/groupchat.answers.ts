import { z } from 'zod';
import { readOnlySchema } from '../sessions/index.js';
import {
  END_REASONS,
  GROUP_CHAT_STATES,
  ROUND_PHASES,
  ROUND_TURN_STATES,
  SENDERS,
} from './group-chat.js';

const seat = { sessionId: z.uuid(), name: z.string() };
/** `remote`: it works on an SSH remote, which `hostName` names. */
const place = { remote: z.boolean(), hostName: z.string().nullable() };

export const participantSchema = z
  .object({
    ...seat,
    handle: z.string().describe('Unique in the chat: `@handle` in a message addresses it'),
    ...place,
    readOnly: readOnlySchema,
    state: z.enum(['idle', 'working']).describe('Whether it has been asked and not yet answered'),
  })
  .meta({ id: 'Participant' });
export type Participant = z.infer<typeof participantSchema>;

export const groupChatSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    state: z.enum(GROUP_CHAT_STATES),
    moderator: z.object({
      ...{ ...seat, agent: z.string(), agentLabel: z.string(), ...place },
      readOnly: readOnlySchema,
    }),
    participants: z.array(participantSchema),
    limits: z.object({
      maxRounds: z.int(),
      participantTimeoutMs: z.int(),
      maxCostUsd: z.number().nullable(),
    }),
    queued: z.int().describe('Messages that wait to be answered'),
    archived: z.boolean(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'GroupChat' });
export type GroupChat = z.infer<typeof groupChatSchema>;

export const messageSchema = z
  .object({
    id: z.uuid(),
    groupChatId: z.uuid(),
    seq: z.int().describe('Counts from 1 within the chat, without gap'),
    round: z.int().nullable(),
    from: z.enum(SENDERS),
    sessionId: z.uuid().nullable(),
    name: z.string(),
    text: z.string(),
    late: z.boolean().describe('It came after its deadline and started nothing'),
    readOnly: z.boolean(),
    turnId: z.uuid().nullable(),
    at: z.iso.datetime(),
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof messageSchema>;

export const roundSchema = z
  .object({
    id: z.uuid(),
    messageId: z.uuid().describe("The user's message that is being answered"),
    number: z.int().describe('Counts from 1 within the question'),
    phase: z.enum(ROUND_PHASES),
    moderatorTurnId: z.uuid().nullable().describe('The turn whose text opened the round'),
    endReason: z.enum(END_REASONS).nullable().describe('Why the question ended'),
    turns: z.array(
      z.object({
        role: z.enum(['moderator', 'participant']),
        turnId: z.uuid().nullable(),
        sessionId: z.uuid(),
        handle: z.string(),
        state: z.enum(ROUND_TURN_STATES),
        deadlineAt: z.iso.datetime().nullable(),
        costUsd: z.number().nullable(),
        error: z
          .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
          .nullable(),
      }),
    ),
    startedAt: z.iso.datetime(),
    closedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Round' });
export type Round = z.infer<typeof roundSchema>;
