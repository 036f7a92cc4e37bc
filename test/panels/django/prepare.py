"""Makes the database and the accounts."""
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User

password = sys.argv[1]
for name in sys.argv[2:]:
    User.objects.create_superuser(name, name + "@example.test", password)
print(django.get_version())
