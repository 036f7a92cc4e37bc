from django.contrib import admin
from django.http import HttpResponse
from django.urls import path


def anonymous(request):
    return HttpResponse("a page for everybody")


urlpatterns = [path("admin/", admin.site.urls), path("", anonymous)]
