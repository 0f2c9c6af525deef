/**
 * Following the feed over connections that break. Planted: a reconnection without Last-Event-ID (everything twice), one
 * with the position of an event that was cut off (a loss), an event that is passed on although it came before.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CustomersClient, CustomersProblem } from '../../generated/client/src/index.ts';
import { describeEngines } from '../support/engines.ts';
import { seededRandom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
