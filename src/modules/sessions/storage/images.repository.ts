import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { type TurnImage } from '../../../agents/index.js';
import { Database, type Tx } from '../../../platform/database/index.js';
import { type ShownImage } from '../turn.js';

/** Images, kept as long as a turn or a message refers to them. */
@Injectable()
export class ImagesRepository {
  constructor(private readonly database: Database) {}

  /** Answers their ids, in their order. Whoever keeps them refers to them in the same transaction. */
  async keep(tx: Tx, images: readonly TurnImage[]): Promise<string[]> {
    const ids: string[] = [];
    for (const { name, mediaType, data } of images) {
      const id = uuid();
      await tx.query('INSERT INTO images (id, name, media_type, data) VALUES ($1, $2, $3, $4)', [
        ...[id, name, mediaType],
        Buffer.from(data, 'base64'),
      ]);
      ids.push(id);
    }
    return ids;
  }

  /** Answers what the turn tells of them. */
  async giveToTurn(tx: Tx, turnId: string, imageIds: readonly string[]): Promise<ShownImage[]> {
    if (imageIds.length === 0) return [];
    await tx.query(
      `INSERT INTO turn_images (turn_id, position, image_id)
       SELECT $1, position, image_id FROM unnest($2::uuid[]) WITH ORDINALITY AS given(image_id, position)`,
      [turnId, imageIds],
    );
    const [turn] = await tx.query<{ images: ShownImage[] }>(
      `UPDATE turns SET images = (
         SELECT jsonb_agg(jsonb_build_object('name', name, 'mediaType', media_type) ORDER BY position)
         FROM turn_images JOIN images ON images.id = image_id WHERE turn_id = $1
       ) WHERE id = $1 RETURNING images`,
      [turnId],
    );
    return turn?.images ?? [];
  }

  async ofTurn(turnId: string): Promise<TurnImage[]> {
    const rows = await this.database.query<{
      name: string;
      media_type: TurnImage['mediaType'];
      data: Buffer;
    }>(
      `SELECT name, media_type, data FROM turn_images JOIN images ON images.id = image_id
       WHERE turn_id = $1 ORDER BY position`,
      [turnId],
    );
    return rows.map(({ name, media_type: mediaType, data }) => ({
      name,
      mediaType,
      data: data.toString('base64'),
    }));
  }
}
