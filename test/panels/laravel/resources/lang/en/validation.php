<?php

return [
    'email' => 'The :attribute must be a valid email address.',
    'file' => 'The :attribute must be a file.',
    'required' => 'The :attribute field is required.',
    'string' => 'The :attribute must be a string.',
];
