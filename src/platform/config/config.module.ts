import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { type Config } from './config.js';

/** The token of the one `Config`. */
export const CONFIG = Symbol('CONFIG');

export const InjectConfig = (): ParameterDecorator & PropertyDecorator => Inject(CONFIG);

/** Gives every module the settings, which are parsed before there is an application. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: CONFIG, useValue: config }],
      exports: [CONFIG],
    };
  }
}
