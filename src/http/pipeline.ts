import type { Request, RequestHandler, Response } from 'express';

/** A middleware chain that Express sees as a single layer. */
export interface Pipeline extends RequestHandler {
  readonly steps: readonly RequestHandler[];
}

/**
 * Runs a chain of middleware as one Express layer. Each step calls `next`, responds, throws or rejects as it would in
 * Express, but no path is matched between steps.
 */
export function createPipeline(steps: readonly RequestHandler[]): Pipeline {
  return Object.assign(
    function pipeline(request: Request, response: Response, done: (error?: unknown) => void): void {
      let index = 0;
      function next(error?: unknown): void {
        const step = error === undefined ? steps[index] : undefined;
        index += 1;
        if (step) runStep(step, request, response, next);
        else done(error);
      }
      next();
    },
    { steps },
  );
}

function runStep(
  step: RequestHandler,
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
): void {
  try {
    const result: unknown = step(request, response, next);
    if (result instanceof Promise)
      result.catch((error) => next(error ?? new Error('A pipeline step rejected without a reason.')));
  } catch (error) {
    next(error);
  }
}
