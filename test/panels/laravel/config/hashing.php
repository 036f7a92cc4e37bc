<?php

// The cheapest cost bcrypt has: the tests log in very often.
return ['driver' => 'bcrypt', 'bcrypt' => ['rounds' => 4]];
