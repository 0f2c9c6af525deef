/**
 * Another instance committed between our look and our write: a key that we did not find is there, or a row
 * that stood in the way is gone. Nothing is wrong; the batch is begun anew.
 */
export class MovedMeanwhile extends Error {}
